package watchers

import "time"

// Silent sets how long a process waits for a note.
func (ws *Watchers) Silent(d time.Duration) { ws.silence = d }
