//go:build !unix

package redistest

import "os"

// What a test server would be frozen and thawed by, where none can be started.
var freezing, thawing os.Signal = os.Kill, os.Kill
