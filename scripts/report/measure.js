// SPDX-License-Identifier: Apache-2.0
// Runs in the page around the frames: what is to be seen of the reports in them goes into the page, as base64 of JSON.

// luminance and contrast are those of WCAG 2.2.
const luminance = (color) => {
  const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};

const measure = (frame) => {
  const win = frame.contentWindow, doc = win.document, root = doc.documentElement;
  const wide = win.innerWidth, background = win.getComputedStyle(root).backgroundColor;
  const seen = (e) => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && r.right <= wide + 1 && r.left >= -1; };
  const shapes = {};
  for (const s of ["rect.covered", "rect.covered.passed", "rect.covered.failed", "rect.covered.indeterminate", ".later.passed", ".chain li", "article", "nav tr"])
    shapes[s] = [...doc.querySelectorAll(s)].filter((e) => !e.closest(".key") && seen(e)).length;
  const texts = [...doc.querySelectorAll("h1, h2, h3, h4, p, li, td, th, caption, figcaption, .badge")].filter((e) => e.getBoundingClientRect().width > 1);
  return {
    width: wide, scroll: root.scrollWidth, text: doc.body.textContent.replace(/\s+/g, " "), shapes,
    outside: texts.filter((e) => e.getBoundingClientRect().right > wide + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && win.getComputedStyle(e).display !== "inline")
      .slice(0, 5).map((e) => e.tagName + " " + e.textContent.slice(0, 30)),
    asked: win.performance.getEntriesByType("resource").map((e) => e.name),
    active: [...doc.querySelectorAll("script, img, iframe, object, embed, link, form, [onload], [onerror], [onclick]")].map((e) => e.tagName),
    ran: "ran" in window || "ran" in win, dark: luminance(background) < 0.2,
    contrast: Math.min(...[...doc.querySelectorAll("h1, p, td, th, caption, small, .badge, .failed, .passed, .indeterminate")]
      .filter((e) => !(e instanceof win.SVGElement)).map((e) => Math.round(100 * contrast(win.getComputedStyle(e).color, background)) / 100)),
    titled: [...doc.querySelectorAll("svg[role=img]")].every((e) => e.querySelector("title").textContent && e.querySelector("desc").textContent),
  };
};

addEventListener("load", () => {
  const bytes = new TextEncoder().encode(JSON.stringify([...document.querySelectorAll("iframe")].map(measure)));
  const out = document.createElement("pre");
  out.id = "measured";
  out.textContent = btoa(bytes.reduce((s, b) => s + String.fromCharCode(b), ""));
  document.body.replaceChildren(out);
});
