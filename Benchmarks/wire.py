"""Requests: new numbers and re-applies against a vendor that answers at once."""
import re
import sys

from rig import HERE, Daemon, Row, Run, digest, fail, fleet, median, requests_after, static_vendor, store, tell, wait

CONVERGED, REAPPLIED, LOOPED = 10_000, 100_000, 200


def careful_operator(folder, job, url, numbers):
    """Requests a second of the asyncio script."""
    output = Run([sys.executable, HERE / "careful-operator.py", job, "--url", url, "--numbers", str(numbers), "--store",
                  folder / f"careful-{job}-{len(list(folder.iterdir()))}.sqlite"]).output
    return float(output.split()[2])


def converge(binary, folder, url, numbers):
    """Requests a second of `apply` on a new fleet, from its start to its end."""
    config = fleet(folder, numbers, url)
    run = Run([binary, "apply", "--accept", digest(folder), "--config", config])
    requests, _ = requests_after(config, 0)
    if requests != 2 * numbers:
        fail(f"{requests} requests for {numbers} numbers")
    return requests / run.seconds


def wire(url):
    """Requests a second of wrk: nothing but the wire and nginx."""
    output = Run(["wrk", "-t1", "-c64", "-d5s", "-s", HERE / "bodies.lua", url]).output
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def ansible(folder, url):
    """Requests a second of Ansible's uri module."""
    run = Run(["ansible-playbook", "-i", "localhost,", "-e", f"url={url}", "-e", f"numbers={LOOPED}", HERE / "uri-loop.yml"],
              env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "false"})
    return 2 * LOOPED / run.seconds


def reapply(binary, folder, url):
    """Requests a second when every number of a converged fleet is ordered to be re-applied at once."""
    config = folder / "large" / "twostepd.yaml"
    converge(binary, config.parent, url, REAPPLIED)
    with store(config) as db:
        last = db.execute("SELECT max(id) FROM changes").fetchone()[0]
    daemon = Daemon(binary, config)
    Run([binary, "reapply", "--all", "--yes", "--reason", "bench", "--config", config])
    # Asked seldom, and for what an index knows: there are two processors, and both are wanted by the daemon.
    with store(config) as db:
        open_changes = "SELECT count(*), (SELECT max(id) FROM changes) FROM changes WHERE answered_at IS NULL"
        wait(lambda: db.execute(open_changes).fetchone() == (0, last + REAPPLIED), "the last re-apply", pause=0.25)
    daemon.stop()
    requests, seconds = requests_after(config, last)
    return requests / seconds


def measure(binary, folder):
    with static_vendor(folder / "vendor") as url:
        ours, theirs, bounds = [], [], []
        for turn in range(3):
            tell(f"converge {CONVERGED} numbers, turn {turn + 1} of 3")
            ours.append(converge(binary, folder / f"converge-{turn}", url, CONVERGED))
            theirs.append(careful_operator(folder, "converge", url, CONVERGED))
            bounds.append(wire(url))
        ours, theirs, bound = median(ours), median(theirs), median(bounds)
        work = f"converge {CONVERGED:,} new numbers, {2 * CONVERGED:,} requests"
        yield Row(work, f"{ours:,.0f} requests/s", f"(a) asyncio script: {theirs:,.0f}/s", f"8 × (a); is {ours / theirs:.1f} ×",
                  ours >= 8 * theirs)
        tell("Ansible")
        loop = ansible(folder, url)
        yield Row("", "", f"(b) Ansible's `uri`: {loop:,.1f}/s", f"1,000 × (b); is {ours / loop:,.0f} ×", ours >= 1000 * loop)
        yield Row("", "", f"(c) `wrk`: {bound:,.0f}/s", f"12 % of (c); is {100 * ours / bound:.1f} %", ours >= 0.12 * bound)
        tell(f"re-apply {REAPPLIED} numbers")
        ours, theirs = reapply(binary, folder, url), careful_operator(folder, "reapply", url, REAPPLIED)
        yield Row(f"re-apply {REAPPLIED:,} numbers, all due at once", f"{ours:,.0f} requests/s",
                  f"(a) asyncio script: {theirs:,.0f}/s", f"12 × (a); is {ours / theirs:.1f} ×", ours >= 12 * theirs)
