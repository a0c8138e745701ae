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
        .tile.converged strong { color: var(--good); }
        .tile.bad { border-color: var(--bad); background: var(--badbg); } .tile.bad strong { color: var(--bad); }
        .notices { list-style: none; padding: 0; margin: 1rem 0; }
        .notices > li { background: var(--warnbg); border: 1px solid var(--warn); border-radius: .5rem;
          padding: .5rem .75rem; margin: .5rem 0; overflow-wrap: anywhere; }
        input[type=search] { font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: .35rem;
          background: var(--bg); color: var(--fg); min-width: min(22rem, 100%); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        tbody th { font-weight: 600; white-space: nowrap; }
        thead button { font: inherit; font-weight: 600; background: none; border: 0; padding: 0; color: var(--fg);
          cursor: pointer; white-space: nowrap; }
        th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
        time { white-space: nowrap; }
        .badge { display: inline-block; padding: 0 .5rem; border: 1px solid currentColor; border-radius: 1rem;
          font-size: .85rem; font-weight: 600; white-space: nowrap; color: var(--calm); }
        .badge.converged { color: var(--good); } .badge.exposed, .badge.backing_off { color: var(--bad); }
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
          thead { position: absolute; left: -99rem; }
          tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
          tbody th, td { display: block; border: 0; padding: .1rem 0; }
          td::before { content: attr(data-name) ": "; color: var(--soft); }
          td[data-name=Condition]::before { content: ""; }
          dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; }
        }
        """#

    /// Filter, sorting, and a fresh copy of the content every five seconds while the page is seen.
    static let script = #"""
        "use strict";
        (() => {
          const every = 5000;
          const state = { filter: "", column: -1, ascending: true };
          const byId = (id) => document.getElementById(id);

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
              rows.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : 0));
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
              const [old, next] = [byId("content"), fresh.getElementById("content")];
              if (old.innerHTML !== next.innerHTML && !old.contains(getSelectionNode())) replace(old, next);
              live.textContent = "";
            } catch (error) {
              live.textContent = "– no answer, this is the last one";
            }
          }

          function getSelectionNode() {
            const selection = getSelection();
            return selection && !selection.isCollapsed ? selection.anchorNode : null;
          }

          function replace(old, next) {
            const active = document.activeElement;
            const id = active && active.id;
            const column = active && active.closest && active.closest("#fleet thead th");
            const link = active && active.tagName === "A" && old.contains(active) ? active.getAttribute("href") : null;
            const caret = id === "filter" ? active.selectionStart : null;
            const open = Array.from(old.querySelectorAll("details"), (details) => details.open);
            old.replaceChildren(...next.childNodes);
            old.querySelectorAll("details").forEach((details, index) => { details.open = open[index] || false; });
            arrange();
            let target = id ? byId(id) : null;
            if (column) target = byId("fleet").tHead.rows[0].cells[column.cellIndex].querySelector("button");
            if (link) target = Array.from(old.querySelectorAll("a")).find((a) => a.getAttribute("href") === link);
            if (target) {
              target.focus({ preventScroll: true });
              if (caret !== null) target.setSelectionRange(caret, caret);
            }
          }

          arrange();
          setInterval(refresh, every);
          document.addEventListener("visibilitychange", refresh);
        })();
        """#
}
