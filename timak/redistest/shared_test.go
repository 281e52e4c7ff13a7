//go:build unix

package redistest_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
	"github.com/timak-go/timak/timak/redistest"
)

func TestPrefix(t *testing.T) {
	t.Parallel()
	client := connect(t, redistest.URL(t))
	var gone string
	t.Run("test", func(t *testing.T) {
		one, two := redistest.Prefix(t), redistest.Prefix(t)
		if one == two {
			t.Errorf("got %s twice", one)
		}
		gone = one + "k"
		set(t, client, gone, "v")
	})
	wantKey(t, client, gone, "")
}

// childVariable is set in a test binary that a test has started. Its value is how
// that binary must end.
const childVariable = "REDISTEST_CHILD"

// A test binary with TIMAK_TEST_REDIS uses that server, starts none, leaves what is
// there, and cleans up.
func TestURL_otherServer(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		client := connect(t, redistest.URL(t))
		set(t, client, redistest.Prefix(t)+"k", "v")
		fmt.Println(redistest.URL(t))
		return
	}
	t.Parallel()
	s := redistest.NewServer(t)
	client := connect(t, s.URL()+"/3")
	old := fmt.Sprintf("timak_test_%d_abandoned:k", time.Now().Add(-25*time.Hour).Unix())
	young := fmt.Sprintf("timak_test_%d_running:k", time.Now().Add(-time.Hour).Unix())
	for _, key := range []string{old, young, "timak_test_mine", "k"} {
		set(t, client, key, "v")
	}
	child := testserver.StartChild(t, "TestURL_otherServer", childVariable+"=yes", redistest.EnvServer+"="+s.URL()+"/3")
	if got, want := child.Line(t), s.URL()+"/3"; got != want {
		t.Errorf("the child used %s, want %s", got, want)
	}
	if err := child.Wait(); err != nil {
		t.Fatalf("child: %v", err)
	}
	wantKey(t, client, old, "")
	wantKey(t, client, young, "v")
	if keys, err := client.DBSize(t.Context()).Result(); keys != 3 || err != nil {
		t.Errorf("keys left: got %d, %v, want 3", keys, err)
	}
}
