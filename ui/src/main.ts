import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { keepFocus } from './state/focus';
import { live } from './state/live.svelte';

const target = document.getElementById('app');
if (target) {
  mount(App, { target });
  live.start();
  keepFocus('#content');
  // After sleep or a network change the old socket may look alive for minutes.
  addEventListener('online', () => live.retry());
  const back = () => {
    if (document.visibilityState !== 'visible' || live.line === 'live') return;
    if (live.line === 'unauthorised') void live.knock();
    else live.retry();
  };
  document.addEventListener('visibilitychange', back);
  addEventListener('focus', back);
}
