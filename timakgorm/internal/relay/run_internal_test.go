package relay

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/shards"
)

// TestRest: a relay rests until the next look at the outbox, and for less only after a hasty
// look, or until a pause ends.
func TestRest(t *testing.T) {
	t.Parallel()
	relay := &Relay{opts: Options{Poll: time.Hour}}
	relay.healer = relay.newHealer(nil, nil, nil)
	r := &runner{Relay: relay, worker: &shards.Worker{}, watch: &watch{next: time.Now().Add(24 * time.Hour)}}
	for about, came := range map[string]outcome{"a look": {}, "one that has found changes": {found: 1, reached: true}} {
		if rest := r.rest(came); rest < 30*time.Minute || rest > time.Hour {
			t.Errorf("after %s: a rest of %v, want half of Poll at least", about, rest)
		}
	}
	if rest := r.rest(outcome{hasty: true}); rest > 0 {
		t.Errorf("after a hasty look: a rest of %v, want none, as the deeper look is due", rest)
	}
	r.until = time.Now().Add(10 * time.Minute)
	if rest := r.rest(outcome{}); rest < 9*time.Minute || rest > 10*time.Minute {
		t.Errorf("in a pause: a rest of %v, want its end", rest)
	}
	r.until, r.tried = time.Now().Add(-time.Second), 7
	if rest := r.rest(outcome{}); rest > 0 {
		t.Errorf("after a look in a pause that has ended meanwhile: a rest of %v, want none", rest)
	}
}
