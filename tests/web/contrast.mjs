// How well texts stand out from what is behind them, for what axe does not judge: SVG, canvas, layers upon each other.

/** Runs in the page. Each text that stands out less than WCAG AA asks for, a line each; what is disabled may. */
export function pale() {
  const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const known = new Map();
  const read = (colour) => {
    if (!known.has(colour)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, index) => part * a + under[index] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  /** What is behind an element, and how much of it shows through its ancestors. */
  const ground = (element) => {
    const chain = [];
    for (let it = element; it; it = it.parentElement) chain.unshift(it);
    let colour = [255, 255, 255];
    let opacity = 1;
    for (const it of chain) {
      const style = getComputedStyle(it);
      opacity *= Number(style.opacity);
      colour = over(read(style.backgroundColor), colour);
      if (it.matches('dialog, [popover]')) opacity = Number(style.opacity);
    }
    return { colour, opacity };
  };
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest('.unseen, [aria-hidden=true] > svg');
  const wrong = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !seen(element) || element.closest(':disabled, [aria-disabled=true], option, title, style')) continue;
    const style = getComputedStyle(element);
    const { colour, opacity } = ground(element);
    const [r, g, b, a] = read(element instanceof SVGElement ? style.fill : style.color);
    const found = ratio(over([r, g, b, a * opacity], colour), colour);
    const size = Number.parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (found < least) wrong.add(`${found.toFixed(2)} “${text.slice(0, 30)}” in ${element.localName}.${element.getAttribute('class') ?? ''}`);
  }
  for (const canvas of document.querySelectorAll('canvas')) {
    const found = axes(canvas);
    if (found < 4.5) wrong.add(`${found.toFixed(2)} at the axes of a chart`);
  }
  return [...wrong];

  /** The best contrast of any pixel at the left edge, where numbers stand: the strokes of letters, without their soft edges. */
  function axes(canvas) {
    const { colour } = ground(canvas);
    const wide = Math.min(canvas.width, Math.round(56 * devicePixelRatio));
    const { data } = canvas.getContext('2d').getImageData(0, 0, wide, canvas.height);
    let best = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] > 0) best = Math.max(best, ratio(over([data[at], data[at + 1], data[at + 2], data[at + 3] / 255], colour), colour));
    }
    return best;
  }
}
