// Says how many posts have come since the page was loaded, while it is open, and changes nothing
// else on it. Of all tabs that show a list and can be seen, one has the stream, as a lock says,
// and tells the others: a browser has few connections to a site. What the stream counts is what
// is new to its tab. A tab that was loaded when the list was another one asks for its own count.
// Where there are no locks, as on plain HTTP, pages say nothing.
{
  const notice = document.querySelector("[data-live]");
  if (notice && navigator.locks) {
    const { live: path, at } = notice.dataset;
    const query = `?at=${encodeURIComponent(at)}`;
    const tabs = new BroadcastChannel(path);
    const link = document.createElement("a");
    link.href = location.pathname;
    let leave; // what to do when the page cannot be seen any more
    let last; // what the stream said last; null before; undefined in tabs without it
    let over = false; // the page is of a session that has ended

    const show = ({ count, more }) => {
      const text = `${count}${more ? "+" : ""} new ${count === 1 ? "post" : "posts"}`;
      if (count === 0) {
        link.remove();
      } else if (link.textContent !== text || !link.isConnected) {
        link.textContent = text;
        notice.append(link);
      }
    };

    const ask = async () => {
      const answer = await fetch(`${path}/count${query}`).catch(() => undefined); // later, if it is away
      if (answer?.status === 200) show(await answer.json());
      over ||= answer?.status === 204 || answer?.status === 400;
      if (over) leave?.();
    };

    const hold = (leaving) => new Promise((release) => {
      if (leaving.aborted) return release();
      let source, again;
      const open = () => {
        source = new EventSource(path + query);
        source.onmessage = ({ data }) => {
          last = { at, ...JSON.parse(data) };
          show(last);
          tabs.postMessage(last);
        };
        source.onerror = async () => {
          if (source.readyState !== EventSource.CLOSED) return; // it connects again by itself
          await ask(); // which says why
          if (!leaving.aborted) again = setTimeout(open, 30_000 * (1 + Math.random()));
        };
      };
      last = null;
      leaving.addEventListener("abort", () => {
        source.close();
        clearTimeout(again);
        last = undefined;
        release();
      });
      open();
    });

    const join = () => {
      if (leave || over) return;
      const leaving = new AbortController();
      leave = () => {
        leave = undefined;
        leaving.abort();
      };
      navigator.locks.request(path, { signal: leaving.signal }, () => hold(leaving.signal))
        .catch((error) => { if (error.name !== "AbortError") throw error; });
      tabs.postMessage("what is new?");
    };

    tabs.onmessage = ({ data }) => {
      if (document.visibilityState !== "visible") return; // it asks when it is
      if (typeof data === "string") {
        if (last !== undefined) tabs.postMessage(last ?? { at, count: 0 });
      } else if (data.at === at) {
        show(data);
      } else if (last === undefined) {
        ask();
      }
    };
    const turn = () => document.visibilityState === "visible" ? join() : leave?.();
    document.addEventListener("visibilitychange", turn);
    addEventListener("pageshow", turn);
    addEventListener("pagehide", () => leave?.());
  }
}
