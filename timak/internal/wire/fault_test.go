package wire_test

import (
	"os"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// For a value whose state is not in normal form, the error says which rule is
// broken and where, but nothing that a user has written.
func TestFaults(t *testing.T) {
	t.Parallel()
	const version = 1_700_000_000_000_000
	live := func(id string, date int64) state.Entry {
		return state.Entry{ID: id, Version: version, Live: true, Date: date}
	}
	dead := func(id string, version int64) state.Entry { return state.Entry{ID: id, Version: version} }
	kept := func(version, older int64) state.Entry {
		return state.Entry{ID: "secret:1", Version: version, Live: true, Older: older}
	}
	cover := func(name string, version int64) state.Cover { return state.Cover{Name: name, Version: version} }
	long := timeline(200).Entries
	for want, s := range map[string]state.State{
		"the horizon is below 0": {Horizon: -1},
		"entry 200 (32 of block 6) has the same id and source as entry 5 (5 of block 0)": {
			Entries: append(long, func() state.Entry { e := long[5]; e.Date = 0; return e }()),
		},
		"entry 1 (1 of block 0) has the same id and source as the one before it":            {Entries: []state.Entry{live("secret:1", 7), live("secret:1", 7)}},
		"entry 1 (1 of block 0) is dated later than the one before it":                      {Entries: []state.Entry{live("secret:1", 7), live("secret:2", 8)}},
		"entry 1 (1 of block 0) has the same date as the one before it but is out of":       {Entries: []state.Entry{live("secret:1", 7), live("secret:2", 7)}},
		"entry 2 (1 of the dead) is dead and out of the order of ids and sources":           {Entries: []state.Entry{live("secret:9", 7), dead("secret:2", 5), dead("secret:1", 5)}},
		"entry 0 (0 of block 0) has no version above 0":                                     {Entries: []state.Entry{kept(0, 0)}},
		"entry 0 (0 of block 0) keeps out an older version that its absence would keep out": {Horizon: 5, Entries: []state.Entry{kept(9, 5)}},
		"entry 0 (0 of block 0) is live at the version at which its item or source was":     {Items: []state.Cover{cover("secret:1", 9)}, Entries: []state.Entry{kept(9, 0)}},
		"entry 0 (0 of block 0) is older than the removal of its item or source":            {Items: []state.Cover{cover("secret:1", 9)}, Entries: []state.Entry{kept(8, 0)}},
		"entry 0 (0 of the dead) is dead but says no more than its absence":                 {Horizon: 5, Entries: []state.Entry{dead("secret:1", 5)}},
		"removed item 1 is the same as the one before it":                                   {Items: []state.Cover{cover("secret", 9), cover("secret", 9)}},
		"removed source 1 is out of the order of names":                                     {Sources: []state.Cover{cover("secret:2", 9), cover("secret:1", 9)}},
		"removed source 0 is at or below the horizon; it has 0 live entries in 0 blocks":    {Horizon: 9, Sources: []state.Cover{cover("secret", 9)}},
	} {
		_, err := wire.Decode(key, encode(t, key, s, false))
		if err == nil || !strings.HasPrefix(err.Error(), "stored value is damaged: not in normal form: "+want) {
			t.Errorf("got %v, want %s", err, want)
		} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "posts") {
			t.Errorf("%v: it tells what a user has written", err)
		}
	}
}

// A value of layout 1 has no blocks to name.
func TestFaults_layout1(t *testing.T) {
	t.Parallel()
	value, err := os.ReadFile("testdata/layout1/tombstones.bin")
	if err != nil {
		t.Fatal(err)
	}
	value[2] = 3                                             // letThrough makes it layout 1
	value[len("tk..crc.")+len("l")+1+len(goldenKey)] = 2 * 3 // the horizon, at which one of its entries died
	_, err = wire.Decode(goldenKey, letThrough(value))
	want := "stored value is damaged: not in normal form: entry 2 is dead but says no more than its absence; it has 2 live entries, 2 dead, 0 removed items, 0 removed sources"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
