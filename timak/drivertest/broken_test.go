package drivertest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

// brokenEnv names the store of brokenStores that the child process tests.
const brokenEnv = "TIMAK_DRIVERTEST_BROKEN"

// TestSuiteCatchesBrokenStores runs the suite, in a child process, on stores that
// each break one sentence of the contract. The suite must fail in the subtest for
// that sentence.
func TestSuiteCatchesBrokenStores(t *testing.T) {
	stores := brokenStores()
	if name := os.Getenv(brokenEnv); name != "" {
		drivertest.Run(t, func(*testing.T) driver.Store { return stores[name].open() })
		return
	}
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, by := range stores[name].by {
				wantCaught(t, name, by)
			}
		})
	}
}

// wantCaught runs the subtest by in a child process, and expects it to fail.
func wantCaught(t *testing.T, store, by string) {
	t.Helper()
	subtest := t.Name()[:strings.Index(t.Name(), "/")] + "/" + by
	run := "^" + strings.ReplaceAll(subtest, "/", "$/^") + "$"
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+run, "-rapid.nofailfile")
	child.Env = append(os.Environ(), brokenEnv+"="+store)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: "+subtest) {
		t.Errorf("child for %s: got %v, want %s to fail; output:\n%s", store, err, subtest, out)
	}
}

// A broken store is a correct one with one method replaced.
type broken struct {
	driver.Store
	get   func(ctx context.Context, key string) (driver.Object, error)
	put   func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error)
	close func() error
}

func (b *broken) Get(ctx context.Context, key string) (driver.Object, error) {
	if b.get == nil {
		return b.Store.Get(ctx, key)
	}
	return b.get(ctx, key)
}

func (b *broken) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if b.put == nil {
		return b.Store.Put(ctx, key, value, token)
	}
	return b.put(ctx, key, value, token)
}

func (b *broken) Close() error {
	if b.close == nil {
		return b.Store.Close()
	}
	return b.close()
}

type brokenStore struct {
	open func() driver.Store
	by   []string // the subtests that must catch it
}

func brokenStores() map[string]brokenStore {
	lower := func() driver.Store { return mapsKeys(strings.ToLower) }
	trim := func() driver.Store { return mapsKeys(strings.TrimSpace) }
	cut := func() driver.Store { return mapsKeys(func(k string) string { return k[:min(len(k), 511)] }) }
	stores := map[string]brokenStore{
		"absent is a sibling": {absentIsASibling, []string{"AbsentKey", "LongKeys"}},
		"stores nothing":      {storesNothing, []string{"PutThenGet", "WritersThatRead"}},
		"last write wins": {lastWriteWins, []string{
			"NilTokenAddsSibling", "StaleTokenLeavesSibling", "TokenReplacesExactlyWhatItSaw",
			"PutTokenLeavesLaterSiblings", "HistoriesAgreeWithModel", "WritersThatRead", "WritersThatReuseTokens",
		}},
		"never replaces":         {neverReplaces, []string{"TokenReplaces", "PutThenGet", "HistoriesAgreeWithModel", "WritersThatRead"}},
		"drops equal values":     {dropsEqualValues, []string{"IdenticalValueIsNotLost"}},
		"token of all siblings":  {tokenOfAll, []string{"PutTokenIsNilBesideSiblings", "WritersThatReuseTokens", "HistoriesAgreeWithModel"}},
		"token of nothing":       {tokenOfNothing, []string{"PutTokenCoversItsValue", "WritersThatReuseTokens"}},
		"puts twice":             {putsTwice, []string{"PutThenGet"}},
		"puts too often":         {putsTooOften, []string{"WritersThatRead", "WritersThatReuseTokens"}},
		"too often when lossy":   {putsTooOftenWhenLossy, []string{"WritersThatRead", "WritersThatReuseTokens"}},
		"accepts any token":      {acceptsAnyToken, []string{"ForeignToken"}},
		"reuses its memory":      {reusesMemory, []string{"ValuesStay"}},
		"siblings in one buffer": {oneBuffer, []string{"ValuesStay"}},
		"drops empty values":     {dropsEmptyValues, []string{"EmptyValue"}},
		"text only":              {textOnly, []string{"AnyByte"}},
		"cuts large values":      {cutsValues, []string{"LargeValue"}},
		"folds case":             {lower, []string{"KeysAreArbitraryAndApart"}},
		"trims keys":             {trim, []string{"KeysAreArbitraryAndApart"}},
		"cuts keys":              {cut, []string{"LongKeys"}},
		"reads late":             {readsLate, []string{"ReadersSeeWhatWasAcknowledged"}},
		"ignores contexts":       {ignoresContexts, []string{"CancelledContext", "ExpiredContext"}},
		"acknowledges cancelled": {acknowledgesCancelled, []string{"CancelDuringCalls"}},
		"fails the second Close": {failsSecondClose, []string{"CloseTwice"}},
		"stays open":             {staysOpen, []string{"ClosedStoreRefusesCalls"}},
		"never says closed":      {neverSaysClosed, []string{"ClosedStoreRefusesCalls", "CloseDuringCalls"}},
	}
	maps.Copy(stores, brokenListers())
	maps.Copy(stores, brokenParters())
	maps.Copy(stores, brokenAdders())
	return stores
}

func absentIsASibling() driver.Store {
	s := memstore.New()
	return &broken{Store: s, get: func(ctx context.Context, key string) (driver.Object, error) {
		obj, err := s.Get(ctx, key)
		if len(obj.Siblings) == 0 {
			obj.Siblings = [][]byte{nil}
		}
		return obj, err
	}}
}

func storesNothing() driver.Store {
	return &broken{Store: memstore.New(), put: func(context.Context, string, []byte, driver.Token) (driver.Token, error) {
		return nil, nil
	}}
}

func lastWriteWins() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, _ driver.Token) (driver.Token, error) {
		obj, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		return s.Put(ctx, key, value, obj.Token)
	}}
}

func neverReplaces() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, _ driver.Token) (driver.Token, error) {
		return s.Put(ctx, key, value, nil)
	}}
}

func dropsEqualValues() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		obj, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(obj.Siblings, func(v []byte) bool { return bytes.Equal(v, value) }) {
			return nil, nil
		}
		return s.Put(ctx, key, value, token)
	}}
}

func tokenOfAll() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		if _, err := s.Put(ctx, key, value, token); err != nil {
			return nil, err
		}
		obj, err := s.Get(ctx, key)
		return obj.Token, err
	}}
}

func tokenOfNothing() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		if string(token) == "nothing" {
			token = nil
		}
		_, err := s.Put(ctx, key, value, token)
		return driver.Token("nothing"), err
	}}
}

// putsTwice repeats every put without reporting it.
func putsTwice() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		if _, err := s.Put(ctx, key, value, token); err != nil {
			return nil, err
		}
		return s.Put(ctx, key, value, token)
	}}
}

// putsTooOften leaves more siblings for one put than all writers of a test together
// may leave, even with all the answers that everyTenth loses. So the test detects
// it, however its writers take turns.
func putsTooOften() driver.Store {
	const siblings = 64
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		got, err := s.Put(ctx, key, value, token)
		for range siblings - 1 {
			if err == nil {
				_, err = s.Put(ctx, key, value, nil)
			}
		}
		return got, err
	}}
}

func putsTooOftenWhenLossy() driver.Store {
	return &drivertest.Late{Store: putsTooOften(), Lose: everyTenth}
}

// everyTenth loses the answer of every tenth put.
func everyTenth(n int) error {
	if n%10 == 0 {
		return driver.ErrUnavailable
	}
	return nil
}

// TestLostAnswers: the contract holds when answers are lost.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	drivertest.RunLossy(t, func(*testing.T) driver.Store { return &drivertest.Late{Store: memstore.New(), Lose: everyTenth} })
}

func acceptsAnyToken() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		got, err := s.Put(ctx, key, value, token)
		if errors.Is(err, driver.ErrToken) {
			return s.Put(ctx, key, value, nil)
		}
		return got, err
	}}
}

// reusesMemory returns siblings in memory that its next Get of the key overwrites.
func reusesMemory() driver.Store {
	s := memstore.New()
	var memory sync.Map
	return &broken{Store: s, get: func(ctx context.Context, key string) (driver.Object, error) {
		obj, err := s.Get(ctx, key)
		for i, v := range obj.Siblings {
			b, _ := memory.LoadOrStore([2]any{key, i}, make([]byte, 1<<10))
			obj.Siblings[i] = append(b.([]byte)[:0:1<<10], v...)[:len(v):len(v)]
		}
		return obj, err
	}}
}

// oneBuffer returns siblings that share one buffer, one after the other.
func oneBuffer() driver.Store {
	s := memstore.New()
	return &broken{Store: s, get: func(ctx context.Context, key string) (driver.Object, error) {
		obj, err := s.Get(ctx, key)
		buffer := bytes.Join(obj.Siblings, nil)
		for i, v := range obj.Siblings {
			obj.Siblings[i], buffer = buffer[:len(v)], buffer[len(v):]
		}
		return obj, err
	}}
}

func dropsEmptyValues() driver.Store {
	s := memstore.New()
	return &broken{Store: s, get: func(ctx context.Context, key string) (driver.Object, error) {
		obj, err := s.Get(ctx, key)
		obj.Siblings = slices.DeleteFunc(obj.Siblings, func(v []byte) bool { return len(v) == 0 })
		return obj, err
	}}
}

func textOnly() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		return s.Put(ctx, key, bytes.ToValidUTF8(value, []byte("?")), token)
	}}
}

func cutsValues() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		return s.Put(ctx, key, value[:min(len(value), 1<<16)], token)
	}}
}

func mapsKeys(to func(string) string) driver.Store {
	s := memstore.New()
	return &broken{
		Store: s,
		put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
			return s.Put(ctx, to(key), value, token)
		},
		get: func(ctx context.Context, key string) (driver.Object, error) { return s.Get(ctx, to(key)) },
	}
}

// readsLate answers readers with the state before the last Put, as a lagging
// replica would. Its tokens are of that state too, so nothing is lost.
func readsLate() driver.Store {
	s := memstore.New()
	var late sync.Map
	return &broken{
		Store: s,
		put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
			obj, err := s.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			late.Store(key, obj)
			return s.Put(ctx, key, value, token)
		},
		get: func(ctx context.Context, key string) (driver.Object, error) {
			if obj, ok := late.Load(key); ok {
				return obj.(driver.Object), nil
			}
			return s.Get(ctx, key)
		},
	}
}

func ignoresContexts() driver.Store {
	s := memstore.New()
	return &broken{
		Store: s,
		put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
			return s.Put(context.WithoutCancel(ctx), key, value, token)
		},
		get: func(ctx context.Context, key string) (driver.Object, error) {
			return s.Get(context.WithoutCancel(ctx), key)
		},
	}
}

func acknowledgesCancelled() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		if ctx.Err() != nil {
			return nil, nil
		}
		return s.Put(ctx, key, value, token)
	}}
}

func failsSecondClose() driver.Store {
	var once sync.Once
	return &broken{Store: memstore.New(), close: func() error {
		err := driver.ErrClosed
		once.Do(func() { err = nil })
		return err
	}}
}

func staysOpen() driver.Store {
	return &broken{Store: memstore.New(), close: func() error { return nil }}
}

// neverSaysClosed returns another error after Close.
func neverSaysClosed() driver.Store {
	s := memstore.New()
	return &broken{Store: s, put: func(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
		got, err := s.Put(ctx, key, value, token)
		if errors.Is(err, driver.ErrClosed) {
			err = errors.New("connection lost")
		}
		return got, err
	}, get: func(ctx context.Context, key string) (driver.Object, error) {
		obj, err := s.Get(ctx, key)
		if errors.Is(err, driver.ErrClosed) {
			err = errors.New("connection lost")
		}
		return obj, err
	}}
}
