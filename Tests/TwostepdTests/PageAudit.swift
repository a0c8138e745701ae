/// Rules of every page, checked in the page itself.
enum PageAudit {
    /// Returns a list of violations, in words.
    static let script = #"""
        (() => {
          const wrong = [];
          const must = (what, condition) => { if (!condition) wrong.push(what); };
          const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
          const name = (element) => (element.getAttribute("aria-label") || element.textContent).trim();
          const text = (element) => element.outerHTML.slice(0, 120);

          must("sideways: " + document.documentElement.scrollWidth + " of " + innerWidth,
            document.documentElement.scrollWidth <= innerWidth);
          must("style not applied", getComputedStyle(document.querySelector("header")).display === "flex");
          must("lang", document.documentElement.lang === "en");
          must("title", document.title.length > 0);
          must("one h1", all("h1").length === 1 && name(all("h1")[0]).length > 0);
          must("one main", all("main").length === 1);
          let level = 0;
          for (const heading of all("h1, h2, h3, h4")) {
            const next = Number(heading.tagName[1]);
            must("heading out of order: " + text(heading), next <= level + 1);
            level = next;
          }
          const ids = all("[id]").map((element) => element.id);
          must("ids twice: " + ids.filter((id, index) => ids.indexOf(id) !== index), new Set(ids).size === ids.length);
          for (const input of all("input, select, textarea")) {
            must("no label: " + text(input), input.labels.length > 0 && name(input.labels[0]).length > 0);
          }
          for (const element of all("a, button, summary, th[scope=col]")) {
            must("no name: " + text(element), name(element).length > 0);
          }
          for (const link of all("a[href^='#']")) must("leads nowhere: " + text(link), document.querySelector(link.hash));
          for (const svg of all("svg")) must("no words for: " + text(svg), svg.getAttribute("aria-label"));
          for (const element of all("[aria-labelledby]")) {
            must("label gone: " + text(element), document.getElementById(element.getAttribute("aria-labelledby")));
          }
          for (const table of all("table")) {
            must("column heads", all("thead th", table).length > 0 && all("thead th:not([scope=col])", table).length === 0);
            must("row heads", all("tbody tr", table).every((row) => row.cells[0].matches("th[scope=row]")));
          }

          // Contrast of each text with what is behind it, by WCAG 2.
          const parse = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
          const luminance = (colour) => {
            const [r, g, b] = colour.map((value) => value / 255)
              .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length === 3 || colour[3] > 0) return colour.slice(0, 3);
            }
            return [255, 255, 255];
          };
          let looked = 0;
          for (const element of all("body *").slice(0, 3000)) {
            const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
            if (!own || element.closest("svg")) continue;
            looked += 1;
            const [a, b] = [luminance(parse(getComputedStyle(element).color).slice(0, 3)), luminance(behind(element))];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            must("contrast " + contrast.toFixed(2) + ": " + text(element), contrast >= 4.5);
          }
          must("nothing to read", looked > 5);
          return wrong;
        })()
        """#
}
