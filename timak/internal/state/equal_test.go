package state_test

import (
	"testing"

	"github.com/timak-go/timak/timak/internal/state"
)

// Two states are equal if they say the same, wherever their data lies; each part counts.
func TestEqual(t *testing.T) {
	t.Parallel()
	build := func() state.State {
		return state.State{
			Horizon: 3,
			Entries: []state.Entry{
				{ID: "a", Source: "s", Version: 9, Date: 5, Data: state.Plain([]byte("data")), Live: true, Older: 7},
				{ID: "b", Version: 8},
			},
			Items:   []state.Cover{{Name: "i", Version: 10}},
			Sources: []state.Cover{{Name: "j", Version: 11}},
			Moment:  7,
			Drops:   []state.Drop{{At: state.Position{Date: 4, ID: "z"}, Moment: 6}},
			Heals:   []state.Heal{{From: state.Position{Date: 5, ID: "z"}, Moment: 5}},
		}
	}
	one, other := build(), build()
	if !one.Equal(&other) {
		t.Error("two states that say the same are not equal")
	}
	for name, change := range map[string]func(s *state.State){
		"horizon":     func(s *state.State) { s.Horizon++ },
		"id":          func(s *state.State) { s.Entries[0].ID = "aa" },
		"source":      func(s *state.State) { s.Entries[0].Source = "" },
		"version":     func(s *state.State) { s.Entries[1].Version++ },
		"date":        func(s *state.State) { s.Entries[0].Date++ },
		"data":        func(s *state.State) { s.Entries[0].Data = state.Plain([]byte("date")) },
		"no data":     func(s *state.State) { s.Entries[0].Data = state.Data{} },
		"older":       func(s *state.State) { s.Entries[0].Older = 0 },
		"dead":        func(s *state.State) { s.Entries[0].Live = false },
		"fewer":       func(s *state.State) { s.Entries = s.Entries[:1] },
		"item":        func(s *state.State) { s.Items[0].Version++ },
		"source gone": func(s *state.State) { s.Sources = nil },
		"moment":      func(s *state.State) { s.Moment++ },
		"drop":        func(s *state.State) { s.Drops[0].At.Date++ },
		"order":       func(s *state.State) { s.Drops[0].Order = state.OldestFirst },
		"heal":        func(s *state.State) { s.Heals = nil },
	} {
		changed := build()
		change(&changed)
		if one.Equal(&changed) || changed.Equal(&one) {
			t.Errorf("%s: two states that differ are equal", name)
		}
	}
}
