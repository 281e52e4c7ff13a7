package seed

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// No post says a thing twice.
func TestText(t *testing.T) {
	t.Parallel()
	s := &seeding{rand: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // texts are no secrets
	for range 300 {
		title, body := s.text()
		for _, pattern := range sentencesOf {
			if n := strings.Count(body, upper(pattern)); n > 1 {
				t.Errorf("%s says %d times %q:\n%s", title, n, pattern, body)
			}
		}
	}
}
