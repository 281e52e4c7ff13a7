package web

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

// Requests have a time limit, and streams have not.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/": true, "/live": false, "/home/live": false, "/home": true, "/live/count": true, "/home/live/count": true} {
		c := echo.New().NewContext(httptest.NewRequest("GET", path, nil), nil)
		c.SetPath(path)
		called := false
		err := timeLimit(func(c echo.Context) error {
			called = true
			if _, limited := c.Request().Context().Deadline(); limited != want {
				t.Errorf("%s is limited: %v, want %v", path, limited, want)
			}
			return nil
		})(c)
		if !called || err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
