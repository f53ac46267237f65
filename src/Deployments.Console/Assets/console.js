// The live part of the console. Each page works without it.

const main = document.getElementById("content");
const mark = document.getElementById("connection");
const signedOut = new AbortController();
const longestTimer = 2 ** 31 - 1;
const longestPause = 15_000;
const shortestTimeBetweenReads = 1_000;

localiseTimes(document);
forgetSecretsWhenLeft();
if (main?.dataset.cursor) {
  setTimeout(() => signedOut.abort(), Math.min(longestTimer, main.dataset.secondsLeft * 1_000));
  follow();
}

// Times are sent in UTC: here they become the visitor's, with UTC on hover.
function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = moment.toLocaleString(undefined, {
      dateStyle: "medium",
      timeStyle: "minutes" in time.dataset ? "short" : "medium",
    });
  }
}

// A page that is left may be kept in memory, and be shown again by the back button.
function forgetSecretsWhenLeft() {
  addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll("[data-secret]")) {
      secret.textContent = "No longer shown.";
    }
  });
}

// The page is read again after each change; what was missed while the connection was broken comes with the cursor.
async function follow() {
  let cursor = main.dataset.cursor;
  let pause = 0;
  while (true) {
    try {
      const query = new URLSearchParams(main.dataset.changes);
      query.set("after", cursor);
      const response = await fetch(`changes?${query}`, { headers: { Accept: "application/json" }, redirect: "error", signal: signedOut.signal });
      if (response.status === 401 || response.status === 403) {
        signedOut.abort();
      }
      signedOut.signal.throwIfAborted();
      if (response.status === 410 || response.status === 400) {
        cursor = await readAgain();
      } else if (!response.ok) {
        throw new Error(`status ${response.status}`);
      } else {
        const page = await response.json();
        if (page.changes > 0 || pause > 0) {
          const read = await readAgain();
          cursor = page.changes > 0 ? read : page.next;
          await sleep(shortestTimeBetweenReads);
        } else {
          cursor = page.next;
        }
      }
      pause = 0;
      show("");
    } catch {
      if (signedOut.signal.aborted) {
        show("Signed out: reload the page to sign in.");
        return;
      }
      show("Not connected. What is shown may be old; trying again.");
      pause = Math.min(longestPause, pause * 2 || 500);
      await sleep(pause * (0.5 + Math.random() / 2));
    }
  }
}

// Exchanges the parts that changed, and returns the cursor of the page that was read.
async function readAgain() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
  if (response.status === 404) {
    show("This is no longer there.");
    return new Promise(() => {});
  }
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  localiseTimes(page);
  for (const part of page.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(part.id);
    if (shown && shown.innerHTML !== part.innerHTML) {
      replaceChildren(shown, part);
    }
  }
  return page.getElementById("content").dataset.cursor;
}

function replaceChildren(shown, part) {
  const focused = shown.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  shown.replaceChildren(...part.childNodes);
  if (focused) {
    shown.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

function show(text) {
  if (mark.textContent !== text) {
    mark.textContent = text;
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
