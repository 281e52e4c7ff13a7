// Shows dates in the reader's zone and language. Without it they are in UTC.
const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = time.textContent;
  time.textContent = shown.format(new Date(time.dateTime));
}
