/// The style and the script of the pages; served beside them, so that nothing has to be inline.
enum PageAssets {
    static let style = #"""
        :root { --bg: #fff; --fg: #1b1f24; --soft: #57606a; --line: #d0d7de; --card: #f6f8fa; --link: #0550ae;
          --good: #1a7f37; --bad: #b42318; --warn: #8a5a00; --calm: #57606a; --badbg: #ffebe9; --warnbg: #fff8c5; }
        @media (prefers-color-scheme: dark) {
          :root { --bg: #0d1117; --fg: #e6edf3; --soft: #9ba4ae; --line: #30363d; --card: #161b22; --link: #79c0ff;
            --good: #56d364; --bad: #ff938a; --warn: #e3b341; --calm: #9ba4ae; --badbg: #3b1613; --warnbg: #2e2708; }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        main:focus { outline: none; }
        body { margin: 0 auto; max-width: 84rem; padding: 0 1rem 2rem; background: var(--bg); color: var(--fg);
          font: 16px/1.5 system-ui, sans-serif; }
        header, .filter { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline;
          justify-content: space-between; }
        header { border-bottom: 1px solid var(--line); padding: .75rem 0; }
        .filter { justify-content: flex-start; }
        .home { font-weight: 700; font-size: 1.2rem; text-decoration: none; color: var(--fg); }
        .at, small, footer, .axis, dt { color: var(--soft); margin: 0; }
        a { color: var(--link); }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        .skip, .hidden { position: absolute; left: -99rem; }
        .skip:focus { left: 1rem; top: .5rem; background: var(--bg); padding: .5rem; }
        h1 { font-size: 1.5rem; margin: .75rem 0; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; list-style: none;
          margin: 1rem 0; padding: 0; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; }
        .tile strong { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tile small { display: block; }
        .tile.converged:not(.none) strong { color: var(--good); }
        .tile.bad { border-color: var(--bad); background: var(--badbg); } .tile.bad strong { color: var(--bad); }
        .notices { list-style: none; padding: 0; margin: 1rem 0; }
        .notices > li { background: var(--warnbg); border: 1px solid var(--warn); border-radius: .5rem;
          padding: .5rem .75rem; margin: .5rem 0; overflow-wrap: anywhere; }
        input[type=search] { font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: .35rem;
          background: var(--bg); color: var(--fg); min-width: min(22rem, 100%); }
        ::placeholder { color: var(--soft); opacity: 1; }
        .scroll { overflow-x: auto; }
        nav { margin-top: .75rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        tbody th { font-weight: 600; white-space: nowrap; }
        thead button { font: inherit; font-weight: 600; background: none; border: 0; padding: 0; color: var(--fg);
          cursor: pointer; white-space: nowrap; }
        th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
        time, td:is([data-name=PIN], [data-name=Rotated], [data-name=Next]) { white-space: nowrap; }
        td[data-name=Label] { min-width: 7rem; overflow-wrap: anywhere; }
        td[data-name=Why] { min-width: 10rem; overflow-wrap: anywhere; font-size: .95rem; }
        .badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem;
          font-size: .85rem; font-weight: 600; white-space: nowrap; color: var(--calm); }
        .badge.converged { color: var(--good); } .badge:is(.exposed, .backing_off, .drift) { color: var(--bad); }
        .badge.held, .badge.uncertain, .badge.paused, .badge.pending { color: var(--warn); }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
        dd { margin: 0; overflow-wrap: anywhere; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem;
          margin-top: 1.5rem; }
        figure { margin: 0; } figcaption { font-weight: 600; }
        svg { display: block; width: 100%; height: 6rem; background: var(--card); border: 1px solid var(--line);
          border-radius: .35rem; }
        svg .good { fill: var(--good); } svg .bad { fill: var(--bad); } svg .day { fill: transparent; }
        svg g:hover .day { fill: var(--line); }
        .axis { display: flex; justify-content: space-between; font-size: .85rem; }
        footer { margin-top: 2rem; border-top: 1px solid var(--line); font-size: .9rem; }
        @media (max-width: 46rem) {
          table, tbody { display: block; }
          thead { position: absolute; left: -99rem; }
          #fleet thead { position: static; display: block; }
          #fleet thead tr { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; }
          #fleet thead tr::before { content: "Sort by"; color: var(--soft); }
          #fleet thead th { padding: 0; border: 0; }
          #fleet thead button { background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
            padding: .15rem .7rem; }
          tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
          tbody th, td { display: block; border: 0; padding: .1rem 0; }
          td[data-name=Label], td[data-name=Why] { min-width: 0; }
          td::before { content: attr(data-name) ": "; color: var(--soft); }
          #fleet tbody tr { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; column-gap: .75rem; }
          #fleet td:is([data-name=Label], [data-name=Condition])::before { content: ""; }
          #fleet td.none { display: none; }
          #fleet td[data-name=Rotated] { grid-column: 2 / 4; }
          #fleet td:is([data-name=Next], [data-name=Seen], [data-name=Why]) { grid-column: 1 / 4; }
          .tiles { grid-template-columns: repeat(6, 1fr); gap: .5rem; }
          .tile { grid-column: span 2; } .tile:nth-child(-n+2) { grid-column: span 3; }
        }
        """#

    /// Filter, sorting, and a fresh copy of the content every five seconds while the page is visible.
    static let script = #"""
        "use strict";
        (() => {
          const every = 5000;
          const state = { filter: "", column: -1, ascending: true };
          const byId = (id) => document.getElementById(id);
          const order = new Intl.Collator("en", { numeric: true });
          const pieces = (root) => Array.from(root.children, (piece) => piece.outerHTML);
          // The content as it was served: what filter and order make of it is no change.
          let served = pieces(byId("content"));

          function arrange() {
            const table = byId("fleet");
            if (!table) return;
            const input = byId("filter");
            if (input.value !== state.filter) input.value = state.filter;
            const body = table.tBodies[0];
            if (state.column >= 0) {
              const key = (row) => {
                const cell = row.cells[state.column];
                const number = cell.dataset.sort;
                return number === undefined ? cell.textContent.trim().toLowerCase() : Number(number);
              };
              const rows = Array.from(body.rows, (row) => [key(row), row]);
              const sign = state.ascending ? 1 : -1;
              const compare = (a, b) => (typeof a === "number" ? a - b : order.compare(a, b));
              rows.sort((a, b) => sign * compare(a[0], b[0]));
              body.append(...rows.map((pair) => pair[1]));
            }
            Array.from(table.tHead.rows[0].cells, (cell, index) => {
              cell.setAttribute("aria-sort",
                index !== state.column ? "none" : state.ascending ? "ascending" : "descending");
            });
            const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
            let shown = 0;
            for (const row of body.rows) {
              const text = row.textContent.toLowerCase();
              row.hidden = !words.every((word) => text.includes(word));
              if (!row.hidden) shown += 1;
            }
            byId("shown").textContent = words.length ? shown + " of " + body.rows.length : "";
          }

          document.addEventListener("input", (event) => {
            if (event.target.id !== "filter") return;
            state.filter = event.target.value;
            arrange();
          });
          document.addEventListener("click", (event) => {
            const button = event.target.closest("#fleet thead button");
            if (!button) return;
            const column = button.parentElement.cellIndex;
            state.ascending = state.column === column ? !state.ascending : true;
            state.column = column;
            arrange();
          });

          async function refresh() {
            if (document.hidden) return;
            const live = byId("live");
            try {
              const answer = await fetch(location.href, { cache: "no-store" });
              if (!answer.ok) throw new Error(String(answer.status));
              const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
              document.title = fresh.title;
              document.querySelector(".at time").replaceWith(fresh.querySelector(".at time"));
              renew(byId("content"), fresh.getElementById("content"));
              live.textContent = "";
            } catch (error) {
              live.textContent = "– no answer, showing the last state";
            }
          }

          function getSelectionNode() {
            const selection = getSelection();
            return selection && !selection.isCollapsed ? selection.anchorNode : null;
          }

          // Takes over what has changed, piece by piece, but nothing while text in it is being selected.
          function renew(old, next) {
            const fresh = pieces(next);
            const changed = fresh.map((piece, index) => index).filter((index) => fresh[index] !== served[index]);
            if (changed.length === 0 && fresh.length === served.length) return;
            if (old.contains(getSelectionNode())) return;
            if (fresh.length !== served.length) {
              replace(old, () => old.replaceChildren(...next.childNodes));
            } else {
              const [from, to] = [Array.from(old.children), Array.from(next.children)];
              replace(old, () => changed.forEach((index) => from[index].replaceWith(to[index])));
            }
            served = fresh;
          }

          // What has the focus, as a way to find its like in another copy of the content.
          function finder(root, active) {
            if (active.id) return () => byId(active.id);
            const column = active.closest("#fleet thead th");
            if (column) return () => byId("fleet")?.tHead.rows[0].cells[column.cellIndex].querySelector("button");
            const alike = () => Array.from(root.querySelectorAll(active.tagName));
            const href = active.getAttribute("href");
            if (href) return () => alike().find((link) => link.getAttribute("href") === href);
            const index = alike().indexOf(active);
            return () => alike()[index];
          }

          function replace(old, exchange) {
            const active = old.contains(document.activeElement) ? document.activeElement : null;
            const find = active && finder(old, active);
            const caret = active && active.id === "filter" ? [active.selectionStart, active.selectionEnd] : null;
            const open = Array.from(old.querySelectorAll("details"), (details) => details.open);
            const aside = Array.from(old.querySelectorAll(".scroll"), (region) => region.scrollLeft);
            exchange();
            old.querySelectorAll("details").forEach((details, index) => { details.open = open[index] || false; });
            old.querySelectorAll(".scroll").forEach((region, index) => { region.scrollLeft = aside[index] || 0; });
            arrange();
            if (!active || active === document.activeElement) return;
            const target = find() || old;
            target.focus({ preventScroll: true });
            if (caret && target.id === "filter") target.setSelectionRange(...caret);
          }

          arrange();
          setInterval(refresh, every);
          document.addEventListener("visibilitychange", refresh);
        })();
        """#
}
