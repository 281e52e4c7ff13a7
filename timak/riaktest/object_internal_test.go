package riaktest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/basho/riak-go-client/rpb/riak_kv"
)

// naive is a replica made of sets: the puts it knows of, and those of them that no
// put has replaced. It has neither clocks nor dots.
type naive struct {
	known, live map[string]bool
}

func (n naive) put(seen map[string]bool, name string) naive {
	out := naive{known: union(n.known, seen), live: map[string]bool{name: true}}
	out.known[name] = true
	for old := range n.live {
		if !seen[old] {
			out.live[old] = true
		}
	}
	return out
}

func (n naive) merge(other naive) naive {
	out := naive{known: union(n.known, other.known), live: map[string]bool{}}
	for name := range out.known {
		lives := (n.live[name] || !n.known[name]) && (other.live[name] || !other.known[name])
		if lives {
			out.live[name] = true
		}
	}
	return out
}

func union(a, b map[string]bool) map[string]bool {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]bool{}
	}
	maps.Copy(out, b)
	return out
}

// Random histories over several replicas: whatever is put with whatever clock and
// exchanged in whatever order, each replica holds what the sets say.
func TestObjectsAreWhatTheSetsSay(t *testing.T) {
	t.Parallel()
	const histories, length = 100, 60
	for range histories {
		seed := rand.Uint64()
		if failure := history(rand.New(rand.NewPCG(seed, 0)), length); failure != "" {
			t.Fatalf("seed %d: %s", seed, failure)
		}
	}
}

func history(rng *rand.Rand, length int) string {
	const replicas = 4
	type read struct {
		clock clock
		known map[string]bool
	}
	p := Props{}.resolve()
	objects, sets := make([]*object, replicas), make([]naive, replicas)
	reads := []read{{}}
	for i := range length {
		at, from := rng.IntN(replicas), rng.IntN(replicas)
		switch rng.IntN(3) {
		case 0:
			seen, name := reads[rng.IntN(len(reads))], fmt.Sprint(i)
			w := write{seen: seen.clock, content: &riak_kv.RpbContent{Value: []byte(name)}, now: time.Unix(int64(i), 0)}
			objects[at] = objects[at].update(w, uint64(at+1), p)
			sets[at] = sets[at].put(seen.known, name)
		case 1:
			objects[at] = objects[at].merge(objects[from], p)
			sets[at] = sets[at].merge(sets[from])
		case 2:
			if objects[at] != nil {
				reads = append(reads, read{clock: objects[at].clock, known: sets[at].known})
			}
		}
		if got, want := names(objects[at]), slices.Sorted(maps.Keys(sets[at].live)); !slices.Equal(got, want) {
			return fmt.Sprintf("step %d, replica %d: got %v, want %v", i, at, got, want)
		}
	}
	return laws(objects, p)
}

// laws checks that merging is commutative, associative and idempotent.
func laws(objects []*object, p props) string {
	same := func(a, b *object) bool {
		return slices.Equal(names(a), names(b)) && (a == nil || maps.Equal(a.clock, b.clock))
	}
	for _, a := range objects {
		if !same(a.merge(a, p), a) {
			return fmt.Sprintf("%v merged with itself is %v", names(a), names(a.merge(a, p)))
		}
		for _, b := range objects {
			if !same(a.merge(b, p), b.merge(a, p)) {
				return fmt.Sprintf("%v and %v do not commute", names(a), names(b))
			}
			for _, c := range objects {
				if !same(a.merge(b, p).merge(c, p), a.merge(b.merge(c, p), p)) {
					return fmt.Sprintf("%v, %v and %v do not associate", names(a), names(b), names(c))
				}
			}
		}
	}
	return ""
}

func names(o *object) []string {
	if o == nil {
		return nil
	}
	var out []string
	for _, c := range o.contents {
		out = append(out, string(c.message.Value))
	}
	slices.Sort(out)
	return out
}

func TestTheNewestContentWins(t *testing.T) {
	t.Parallel()
	p := Props{NoSiblings: true, NoDVV: true}.resolve()
	put := func(o *object, actor uint64, value string, second int64, deleted bool) *object {
		m := &riak_kv.RpbContent{Value: []byte(value), Deleted: &deleted}
		return o.update(write{content: m, now: time.Unix(second, 0)}, actor, p)
	}
	first := put(nil, 1, "b", 10, false)
	tests := []struct {
		name string
		got  *object
		want string
	}{
		{"later put", put(first, 1, "a", 11, false), "a"},
		{"put of the same instant", put(first, 1, "c", 10, false), "c"},
		{"put with an older clock on the wall", put(first, 1, "a", 9, false), "b"},
		{"merge with later", first.merge(put(nil, 2, "c", 11, false), p), "c"},
		{"merge with earlier", first.merge(put(nil, 2, "a", 9, false), p), "b"},
		{"merge with tombstone of the same instant", put(nil, 2, "", 10, true).merge(first, p), "b"},
		{"merge with value of the same instant", put(nil, 2, "a", 10, false).merge(first, p), "a"},
		{"the other way around", first.merge(put(nil, 2, "a", 10, false), p), "a"},
	}
	for _, test := range tests {
		if got := names(test.got); !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s: got %v, want %s", test.name, got, test.want)
		}
	}
}

func TestClockTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []clock{{}, {1: 1}, {1: 7, 2: 1 << 40, 1 << 63: 3}} {
		token := c.encode()
		got, err := decodeClock(token)
		if err != nil || !maps.Equal(got, c) {
			t.Errorf("decode(encode(%v)) = %v, %v", c, got, err)
		}
		for i := range token {
			damaged := slices.Clone(token)
			damaged[i] ^= 4
			if got, err := decodeClock(damaged); err == nil {
				t.Errorf("%v, byte %d damaged: got %v, want an error", c, i, got)
			}
			if got, err := decodeClock(token[:i]); i > 0 && err == nil {
				t.Errorf("%v, cut to %d bytes: got %v, want an error", c, i, got)
			}
		}
	}
	if c, err := decodeClock(nil); len(c) != 0 || err != nil {
		t.Errorf("no token: got %v, %v, want a clock that saw nothing", c, err)
	}
}

func FuzzClockToken(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(clock{1: 1, 9: 300}.encode())
	f.Fuzz(func(t *testing.T, token []byte) {
		c, err := decodeClock(token)
		if err != nil || len(token) == 0 {
			return
		}
		again, err := decodeClock(c.encode())
		if err != nil || !maps.Equal(c, again) {
			t.Errorf("%x is %v, and then %v, %v", token, c, again, err)
		}
	})
}
