/** The first run. */
import type { start as english } from '../en/start';
import type { Same } from '../same';

export const start: Same<typeof english> = {
  startTitle: '快速上手',
  startOver: '一切就绪',
  startAgain: '再次显示',
  startCount: (done, of) => `已完成 ${done}/${of}`,
  startAway: '不再显示',
  startSkip: '跳过',
  startDone: '，已完成',
  startSkipped: '，已跳过',
  startTry: '发送第一个请求',
  startTryAbout: '开箱即用：由练习服务商应答，无需密钥，也不会产生费用。',
  startTryReal: '它与客户端请求走同样的路径，由当前的服务商应答。',
  startSend: '发送测试请求',
  startSending: '等待应答…',
  startPrompt: '你好！能收到吗？',
  startAnswered: (provider, time) => `${provider} 在 ${time} 内应答`,
  startProvider: '使用真实的服务商',
  startProviderAbout: '密钥留在原处，只记录变量名。',
  startUse: '使用',
  startFoundNothing: '本机没有发现密钥或本地服务。',
  startAdd: '添加服务商…',
  startIdle: (provider, serving) => `${provider} 已设置好，但请求仍发往 ${serving}。`,
  startIdleAlone: (provider) => `${provider} 已设置好，但还没有应答过。`,
  startActivate: (group) => `启用 ${group}`,
  startConnect: '接入你的编程工具',
  startConnectAbout: '写入前会先显示对其设置的更改，并可随时恢复。',
  startAnswer: '看到第一个应答经过这里',
  startAnswerAbout: '随便问你的工具一个问题，它的请求会实时显示在这里。',
  startWaiting: '等待程序的第一个请求…',
};
