package guard_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/guard"
)

// An explained error names the package once, is explained once, and keeps its cause.
func TestExplainByteKey(t *testing.T) {
	t.Parallel()
	const advice = ": a row's primary key is bytes, by which it cannot be found again: write the key as text"
	blob := errors.New("JSON cannot hold BLOB values")
	other := errors.New("disk full")
	for _, test := range []struct {
		err  error
		want string
	}{
		{blob, "timakgorm: JSON cannot hold BLOB values" + advice},
		{fmt.Errorf("timakgorm: outbox of stalls: %w", blob), "timakgorm: outbox of stalls: JSON cannot hold BLOB values" + advice},
		{guard.ExplainByteKey(blob), "timakgorm: JSON cannot hold BLOB values" + advice},
		{other, "disk full"},
	} {
		got := guard.ExplainByteKey(test.err)
		if got.Error() != test.want || !errors.Is(got, test.err) {
			t.Errorf("%v:\ngot  %v\nwant %s", test.err, got, test.want)
		}
	}
	if err := guard.ExplainByteKey(nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
}
