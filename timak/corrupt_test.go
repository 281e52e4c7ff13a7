package timak_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
)

// damages returns values that are not a timeline under key, by kind of damage.
func damages(t *testing.T) map[string][]byte {
	t.Helper()
	r := newReplica(timak.Options{})
	r.numbered(t, 30)
	value := r.siblings(t)[0]
	flipped := bytes.Clone(value)
	flipped[len(flipped)/2] ^= 1
	other := newReplica(timak.Options{})
	if _, err := other.Add(t.Context(), "another key", timak.Item{ID: "foreign"}); err != nil {
		t.Fatal(err)
	}
	object, err := other.store.Get(t.Context(), "another key")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"empty": {}, "flipped": flipped, "cut short": value[:len(value)-1], "another key": object.Siblings[0],
		"not ours": []byte(`[{"id":"1","score":1}]`),
	}
}

// With a damaged sibling beside a good one, reads return what the good one says and
// ErrCorrupt; writes return ErrCorrupt and leave both unchanged.
func TestDamagedSibling(t *testing.T) {
	t.Parallel()
	good := newReplica(timak.Options{})
	good.numbered(t, 3)
	for about, damaged := range damages(t) {
		for i, siblings := range [][][]byte{{good.siblings(t)[0], damaged}, {damaged, good.siblings(t)[0]}} {
			t.Run(fmt.Sprint(about, i), func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				store := memstore.New()
				timelines := timak.New(store, &timak.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				r := replica{timelines, store}
				r.receive(t, siblings...)

				timeline, err := r.Get(t.Context(), key)
				wantCorrupt(t, "Get", err)
				if got := timeline.IDs(); !slices.Equal(got, []string{"3", "2", "1"}) {
					t.Errorf("Get: got %q, want the good sibling's items", got)
				}
				page, err := r.Page(t.Context(), key, timak.Query{Limit: 1})
				wantCorrupt(t, "Page", err)
				if got := idsOf(page.Items); !slices.Equal(got, []string{"3"}) || !page.More {
					t.Errorf("Page: got %q, more %v; want the good sibling's first item", got, page.More)
				}
				_, err = r.Add(t.Context(), key, timak.Item{ID: "4"})
				wantCorrupt(t, "Add", err)
				_, err = r.Delete(t.Context(), key, "1")
				wantCorrupt(t, "Delete", err)
				_, err = r.Apply(t.Context(), key)
				wantCorrupt(t, "Apply", err)
				if d := diff(r.siblings(t), siblings); d != "" {
					t.Errorf("stored afterwards (-want +got)\n%s", d)
				}
				if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), key) {
					t.Errorf("got log %q; want an error that names the key", log.String())
				}
			})
		}
	}
}

func TestNothingButDamage(t *testing.T) {
	t.Parallel()
	for about, damaged := range damages(t) {
		r := newReplica(timak.Options{})
		r.receive(t, damaged, damaged)
		timeline, err := r.Get(t.Context(), key)
		wantCorrupt(t, about, err)
		page, pageErr := r.Page(t.Context(), key, timak.Query{})
		wantCorrupt(t, about, pageErr)
		if timeline.Len() > 0 || len(page.Items) > 0 || page.More {
			t.Errorf("%s: got %q, page %+v; want nothing", about, timeline.IDs(), page)
		}
		if about == "another key" && !strings.Contains(err.Error(), `"another key"`) {
			t.Errorf("got %v; want the other key's name in it", err)
		}
	}
}

func wantCorrupt(t *testing.T, about string, err error) {
	t.Helper()
	if !errors.Is(err, timak.ErrCorrupt) {
		t.Errorf("%s: got error %v, want ErrCorrupt", about, err)
	}
}
