package web

import "time"

// SetRequestTime sets how long a request may take, before any is served.
func SetRequestTime(d time.Duration) { requestTime = d }
