//! Settings for programs whose files are not changed for them, ready to be copied.

use crate::Target;

/// What to set in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snippet {
    /// Its id on the command line.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    text: &'static str,
}

/// Stands for the base URL in a text.
const BASE: &str = "{base_url}";
/// Stands for the client token.
const TOKEN: &str = "{token}";

/// All of them.
pub const SNIPPETS: [Snippet; 7] = [
    Snippet {
        id: "cursor",
        name: "Cursor",
        text: "Cursor Settings > Models > API Keys:\n  OpenAI API Key            {token}\n  Override OpenAI Base URL  {base_url}/v1\nCursor calls from its own servers: it needs an address that they can reach.\n",
    },
    Snippet {
        id: "cline",
        name: "Cline",
        text: "Cline > Settings > API Configuration:\n  API Provider         Anthropic\n  Anthropic API Key    {token}\n  Use custom base URL  {base_url}\n",
    },
    Snippet {
        id: "continue",
        name: "Continue",
        text: "In ~/.continue/config.yaml:\nmodels:\n  - name: Turnout\n    provider: anthropic\n    model: sonnet\n    apiBase: {base_url}/v1\n    apiKey: {token}\n    roles: [chat, edit, apply]\n",
    },
    Snippet {
        id: "zed",
        name: "Zed",
        text: "In settings.json (the key is asked for in Zed's Agent settings: {token}):\n{\n  \"language_models\": {\n    \"anthropic\": { \"api_url\": \"{base_url}\" }\n  }\n}\n",
    },
    Snippet {
        id: "anthropic-sdk",
        name: "the Anthropic SDKs",
        text: "In the environment:\n  ANTHROPIC_BASE_URL={base_url}\n  ANTHROPIC_AUTH_TOKEN={token}\nIn Python:\n  client = anthropic.Anthropic(base_url=\"{base_url}\", auth_token=\"{token}\")\nIn TypeScript:\n  const client = new Anthropic({ baseURL: '{base_url}', authToken: '{token}' });\n",
    },
    Snippet {
        id: "openai-sdk",
        name: "the OpenAI SDKs",
        text: "In the environment:\n  OPENAI_BASE_URL={base_url}/v1\n  OPENAI_API_KEY={token}\nIn Python:\n  client = openai.OpenAI(base_url=\"{base_url}/v1\", api_key=\"{token}\")\nIn TypeScript:\n  const client = new OpenAI({ baseURL: '{base_url}/v1', apiKey: '{token}' });\n",
    },
    Snippet {
        id: "google-sdk",
        name: "the Google Gen AI SDKs",
        text: "In the environment:\n  GOOGLE_GEMINI_BASE_URL={base_url}\n  GEMINI_API_KEY={token}\nIn Python:\n  client = genai.Client(api_key=\"{token}\", http_options={\"base_url\": \"{base_url}\"})\nIn TypeScript:\n  const ai = new GoogleGenAI({ apiKey: '{token}', httpOptions: { baseUrl: '{base_url}' } });\n",
    },
];

/// The snippet with this id.
pub fn snippet(id: &str) -> Option<&'static Snippet> {
    SNIPPETS.iter().find(|snippet| snippet.id == id)
}

impl Snippet {
    /// The text for `target`. It holds the client token: it is for the person who asked, not for a log.
    pub fn filled(&self, target: &Target) -> String {
        let token = target.token.as_deref().unwrap_or("turnout");
        self.text
            .replace(BASE, &target.base_url)
            .replace(TOKEN, token)
    }
}
