package gate_test

import (
	"testing"
	"testing/synctest"

	"github.com/timak-go/timak/timak/internal/gate"
)

// A closed gate lets nobody in, and is empty when the last one has left.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate.Gate
		for range 2 {
			if !g.Enter() || g.Closed() {
				t.Fatal("an open gate lets nobody in")
			}
		}
		empty := g.Close()
		if g.Enter() || !g.Closed() {
			t.Error("a closed gate lets somebody in")
		}
		for range 2 {
			synctest.Wait()
			select {
			case <-empty:
				t.Fatal("empty while a call is inside")
			default:
			}
			g.Leave()
		}
		<-empty
		<-g.Close()
	})
}
