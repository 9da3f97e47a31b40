import { common } from './common';
import { shell } from './shell';
import { overview } from './overview';
import { history } from './history';
import { usage } from './usage';
import { providers } from './providers';
import { rules } from './rules';
import { playground } from './playground';
import { clients } from './clients';
import { logs } from './logs';
import { settings } from './settings';
import { start } from './start';

/** English, and the measure of what every other language must say: a missing or spare key there fails the type-check. */
export const en = { ...common, ...shell, ...overview, ...history, ...usage, ...providers, ...rules, ...playground, ...clients, ...logs, ...settings, ...start };
