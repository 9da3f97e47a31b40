//! `turnoutd`: the command line and the headless proxy, without any desktop library.

fn main() -> std::process::ExitCode {
    cli::main()
}
