package audience

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// A function that names wrong keys gets an error that says what was expected, and no op
// goes anywhere.
func TestFunction_wrongKeys(t *testing.T) {
	t.Parallel()
	template, err := tag.ParseTemplate("user:{}:heard")
	if err != nil {
		t.Fatal(err)
	}
	for want, keys := range map[string][]string{
		`names the key "user:1:heard" after "user:2:heard": expected keys in ascending order, each once`: {"user:2:heard", "user:1:heard"},
		`names the key "user:1:heard" after "user:1:heard": expected keys in ascending order, each once`: {"user:1:heard", "user:1:heard"},
		`names the key "author:1": expected one like user:{}:heard, of at most 512 bytes`:                {"author:1"},
		`:heard": expected one like user:{}:heard, of at most 512 bytes`:                                 {"user:" + strings.Repeat("x", 600) + ":heard"},
	} {
		f := &Function{Name: "hearers", Key: template, Keys: func(context.Context, string, string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for _, key := range keys {
					if !yield(key, nil) {
						return
					}
				}
			}
		}}
		found, last, err := f.page(t.Context(), "place:inn", Mark{}, 10)
		if err == nil || !strings.Contains(err.Error(), want) || len(found) > 0 || last != (Mark{}) {
			t.Errorf("%q: got %v, %+v, %v, want no keys and %s", keys, found, last, err, want)
		}
	}
}
