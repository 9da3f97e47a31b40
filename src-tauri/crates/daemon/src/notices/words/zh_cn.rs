//! Simplified Chinese.

use routing::Reason;

use super::{Words, cents};
use crate::notices::news::{Done, News, Spent};

pub(super) fn words(news: &News) -> Words {
    let (title, body) = match news {
        News::Failover {
            from,
            to,
            why,
            cost,
            ..
        } => {
            let group = news
                .group()
                .map_or_else(String::new, |group| format!("（组 {group}）"));
            let cost =
                cents(*cost).map_or_else(String::new, |cost| format!("；切换约损失 {cost} 的缓存"));
            let why = because(*why);
            (
                format!("已切换到 {to}"),
                format!("已从 {from} 切换到 {to}{group}：{from} {why}{cost}"),
            )
        }
        News::Recovered { provider } => (
            format!("{provider} 已恢复"),
            format!("{provider} 已恢复服务"),
        ),
        News::AllDown => (
            "没有可用的服务商".to_owned(),
            "目前没有服务商可用：在其中之一恢复之前，请求会等待或失败".to_owned(),
        ),
        News::AuthFailed { provider, key } => {
            let which = key
                .as_ref()
                .map_or_else(|| "凭据".to_owned(), |key| format!("密钥 {key}"));
            let program = crate::program();
            (
                format!("{provider} 拒绝了密钥"),
                format!(
                    "{provider} 拒绝了{which}：请用 `{program} keys set {provider}` 设置新的密钥"
                ),
            )
        }
        News::Spent(spent) => (
            format!("{}：{:.0}%", called(spent), spent.share * 100.0),
            budget(spent),
        ),
    };
    Words { title, body }
}

fn called(spent: &Spent) -> String {
    match spent.token() {
        Some(token) => format!("令牌 {token} 的限额"),
        None => format!("预算 {}", spent.budget),
    }
}

fn budget(spent: &Spent) -> String {
    let done = match &spent.done {
        Done::Told => String::new(),
        Done::Refused { local } => format!("；{local} 之前的请求将被拒绝"),
        Done::Chosen { group } => format!("；已启用组 {group}"),
        Done::NotChosen { group, why } => format!("；未能启用组 {group}：{why}"),
    };
    format!(
        "已花费 {} 美元，限额 {} 美元{done}",
        spent.amount, spent.limit
    )
}

pub(super) fn more(before: u32) -> String {
    format!("。最近一分钟内还有 {before} 条类似通知")
}

/// A failure as the end of a sentence that begins with the provider.
fn because(why: Reason) -> &'static str {
    match why {
        Reason::RateLimited => "限制了请求速率",
        Reason::Overloaded => "负载过高",
        Reason::ServerError => "出现服务器错误",
        Reason::Network => "无法连接",
        Reason::Timeout => "没有及时应答",
        Reason::Auth => "拒绝了密钥",
        Reason::InvalidRequest => "拒绝了请求",
        Reason::NotFound => "没有该模型",
        Reason::EmptyResponse => "返回了空的应答",
        Reason::StreamCut => "中断了应答",
        Reason::ClientCancelled => "的请求被客户端取消",
        Reason::Budget => "的预算已用完",
    }
}
