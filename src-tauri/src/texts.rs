//! What the desktop app says, in each language that Turnout speaks. A text that a language lacks does not compile.

use daemon::Locale;

/// The texts of one language.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) no_provider: &'static str,
    pub(crate) today: fn(cost: &str) -> String,
    pub(crate) waiting: fn(requests: u64) -> String,
    pub(crate) paused: fn(group: &str) -> String,
    pub(crate) pause: fn(group: &str) -> String,
    pub(crate) resume: fn(group: &str) -> String,
    pub(crate) more_problems: fn(others: usize) -> String,
    pub(crate) providers: &'static str,
    pub(crate) rests: fn(time: &str) -> String,
    pub(crate) moment: &'static str,
    pub(crate) seconds: fn(count: u64) -> String,
    pub(crate) minutes: fn(count: u64) -> String,
    pub(crate) used_up: fn(provider: &str, limit: &str, at: &str) -> String,
    pub(crate) limits: Limits,
    /// From Monday.
    pub(crate) weekdays: [&'static str; 7],
    pub(crate) automatic: &'static str,
    pub(crate) practice_outage: &'static str,
    pub(crate) clients: &'static str,
    pub(crate) not_installed: fn(client: &str) -> String,
    pub(crate) other_clients: &'static str,
    pub(crate) open: &'static str,
    pub(crate) copy: &'static str,
    pub(crate) autostart: &'static str,
    pub(crate) quit: &'static str,
    /// The button of a notification that opens the page about it.
    pub(crate) show: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) no_window: &'static str,
    pub(crate) same_page_at: fn(why: &str, link: &str) -> String,
    pub(crate) no_tray: &'static str,
    pub(crate) window_instead: fn(why: &str) -> String,
    pub(crate) no_tray_library: &'static str,
    pub(crate) no_tray_host: &'static str,
    pub(crate) no_tray_icon: fn(why: &str) -> String,
}

/// What limits are called.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) requests: &'static str,
    pub(crate) tokens: &'static str,
    pub(crate) input_tokens: &'static str,
    pub(crate) output_tokens: &'static str,
    pub(crate) five_hours: &'static str,
    pub(crate) seven_days: &'static str,
}

/// The texts of a language.
pub(crate) fn texts(locale: Locale) -> &'static Texts {
    match locale {
        Locale::En => &EN,
        Locale::ZhCn => &ZH_CN,
    }
}

const EN: Texts = Texts {
    no_provider: "no provider",
    today: |cost| format!("${cost} today"),
    waiting: |requests| format!("{requests} waiting"),
    paused: |group| format!("{group} (paused)"),
    pause: |group| format!("Pause {group}"),
    resume: |group| format!("Resume {group}"),
    more_problems: |others| format!("(+{others} more)"),
    providers: "Providers",
    rests: |time| format!("rests {time}"),
    moment: "a moment",
    seconds: |count| format!("{count} s"),
    minutes: |count| format!("{count} min"),
    used_up: |provider, limit, at| format!("{provider}: {limit} used up around {at}"),
    limits: Limits {
        requests: "requests",
        tokens: "tokens",
        input_tokens: "input tokens",
        output_tokens: "output tokens",
        five_hours: "5-hour limit",
        seven_days: "7-day limit",
    },
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    automatic: "Automatic failover",
    practice_outage: "Practice outage",
    clients: "Connect clients",
    not_installed: |client| format!("{client} (not installed)"),
    other_clients: "Other programs…",
    open: "Open window",
    copy: "Copy base URL",
    autostart: "Start at login",
    quit: "Quit Turnout",
    show: "Show",
    failed: "That did not work",
    no_window: "The window could not be opened",
    same_page_at: |why, link| format!("{why}. The same page is at {link}"),
    no_tray: "Turnout has no tray icon",
    window_instead: |why| {
        format!("{why}. Turnout opened its window instead; start Turnout again to bring it back.")
    },
    no_tray_library: "The library libayatana-appindicator3 is missing (Debian: apt install libayatana-appindicator3-1)",
    no_tray_host: "Nothing on this desktop shows tray icons (on GNOME, install the AppIndicator extension)",
    no_tray_icon: |why| format!("The tray icon could not be made ({why})"),
};

const ZH_CN: Texts = Texts {
    no_provider: "无服务商",
    today: |cost| format!("今日 ${cost}"),
    waiting: |requests| format!("{requests} 个请求等待中"),
    paused: |group| format!("{group}（已暂停）"),
    pause: |group| format!("暂停 {group}"),
    resume: |group| format!("恢复 {group}"),
    more_problems: |others| format!("（另有 {others} 项）"),
    providers: "服务商",
    rests: |time| format!("休息 {time}"),
    moment: "片刻",
    seconds: |count| format!("{count} 秒"),
    minutes: |count| format!("{count} 分钟"),
    used_up: |provider, limit, at| format!("{provider}：{limit}预计 {at} 用完"),
    limits: Limits {
        requests: "请求额度",
        tokens: "token 额度",
        input_tokens: "输入 token 额度",
        output_tokens: "输出 token 额度",
        five_hours: "五小时额度",
        seven_days: "七天额度",
    },
    weekdays: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    automatic: "自动故障转移",
    practice_outage: "模拟故障",
    clients: "连接客户端",
    not_installed: |client| format!("{client}（未安装）"),
    other_clients: "其他程序…",
    open: "打开窗口",
    copy: "复制基础地址",
    autostart: "登录时启动",
    quit: "退出 Turnout",
    show: "查看",
    failed: "操作未成功",
    no_window: "无法打开窗口",
    same_page_at: |why, link| format!("{why}。同一页面也在 {link}"),
    no_tray: "Turnout 没有托盘图标",
    window_instead: |why| format!("{why}。Turnout 改为打开窗口；再次启动 Turnout 可重新打开它。"),
    no_tray_library: "缺少库 libayatana-appindicator3（Debian：apt install libayatana-appindicator3-1）",
    no_tray_host: "此桌面不显示托盘图标（GNOME 请安装 AppIndicator 扩展）",
    no_tray_icon: |why| format!("无法创建托盘图标（{why}）"),
};
