package endtoend_test

import (
	"errors"
	"fmt"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// raced has two do something at the same time, round after round, on connections
// of their own. Whoever is first, the timelines are as the table; in the end
// Verify says so too.
func raced(t *testing.T, a, b func(w *world.World, round int) error) {
	t.Helper()
	const rounds = 8
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := world.NewBy(t, by, s)
		other := w.Another(&timakgorm.Options{Capture: by})
		w.Seed()
		both := 0
		for round := range rounds {
			var errs [2]error
			world.AtOnce(func() { errs[0] = a(w, round) }, func() { errs[1] = b(other, round) })
			if errors.Join(errs[0], errs[1]) == nil {
				both++
			} else {
				t.Logf("round %d: %v, %v", round, errs[0], errs[1])
			}
			w.CheckVersions()
			if w.Check(); t.Failed() {
				t.Fatalf("after round %d", round)
			}
		}
		if both == 0 {
			t.Error("there was no round in which both succeeded")
		}
		w.WantDifferences()
	})
}

func TestRace_batchUpdateAgainstInsert(t *testing.T) {
	t.Parallel()
	raced(t, func(w *world.World, round int) error {
		return w.DB.Model(&world.Post{}).Where("author_id < 50").Update("author_id", to(round)).Error
	}, func(w *world.World, round int) error {
		for i := range 4 {
			if err := w.DB.Create(&world.Post{AuthorID: uint(to(round + i)), Title: fmt.Sprint("r", round), Published: true}).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

func TestRace_updateAgainstDelete(t *testing.T) {
	t.Parallel()
	raced(t, func(w *world.World, round int) error {
		for i := range 3 {
			if err := w.DB.Model(&world.Post{}).Where("id = 10 OR title = 't1'").Update("author_id", to(round+i)).Error; err != nil {
				return err
			}
		}
		return nil
	}, func(w *world.World, round int) error {
		return w.DB.Transaction(func(tx *gorm.DB) error {
			return world.First(tx.Delete(&world.Post{}, 10).Error,
				tx.Unscoped().Delete(&world.Post{}, 10).Error,
				tx.Create(&world.Post{ID: 10, AuthorID: 1, Title: "again", Published: true, CreatedAt: world.At(round)}).Error)
		})
	})
}

func TestRace_twoMovesOfOneRow(t *testing.T) {
	t.Parallel()
	moves := func(w *world.World, by, round int) error {
		for i := range 3 {
			if err := w.DB.Model(&world.Post{ID: 10}).Update("author_id", to(round*3+i*by)).Error; err != nil {
				return err
			}
		}
		return nil
	}
	raced(t, func(w *world.World, round int) error { return moves(w, 1, round) }, func(w *world.World, round int) error { return moves(w, 2, round+1) })
}

func TestRace_deleteAgainstRebuild(t *testing.T) {
	t.Parallel()
	raced(t, func(w *world.World, round int) error {
		gone := w.DB
		if round%2 == 0 {
			gone = gone.Unscoped()
		}
		return world.First(gone.Delete(&world.Post{}, []int{10, 11}).Error,
			w.DB.Save(&world.Post{ID: 10, AuthorID: uint(to(round)), Title: "again", Published: true, CreatedAt: world.At(round)}).Error,
			w.DB.Unscoped().Delete(&world.Post{}, 12).Error)
	}, func(w *world.World, _ int) error {
		_, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
		return err
	})
}

// upsertForms are ways to say an upsert.
var upsertForms = map[string]clause.OnConflict{
	"by key":                 {Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id", "title"})},
	"of all columns":         {UpdateAll: true},
	"by a constraint":        {OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"author_id"})},
	"that does nothing":      {DoNothing: true},
	"with a condition":       {Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"}), Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "posts.author_id < excluded.author_id"}}}},
	"that counts what is in": {Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"author_id": gorm.Expr("posts.author_id + 1")})},
}

// TestRace_upserts: many upsert the same new rows at once, and none is refused.
func TestRace_upserts(t *testing.T) {
	t.Parallel()
	const writers, rounds = 4, 5
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := world.NewBy(t, by, world.Setup{Dialect: dialect, Config: &config})
			id := uint(0)
			for name, conflict := range upsertForms {
				if conflict.OnConstraint != "" && dialect == "sqlite" {
					continue
				}
				for range rounds {
					id += 2
					var upserts []func()
					for author := range uint(writers) {
						upserts = append(upserts, func() {
							err := w.DB.Transaction(func(tx *gorm.DB) error {
								return tx.Clauses(conflict).Create(&[]world.Post{
									{ID: id, AuthorID: author + 1, Title: "a", Published: true, CreatedAt: world.At(1)}, {ID: id + 1, AuthorID: author + 1, Published: true, CreatedAt: world.At(2)},
								}).Error
							})
							if err != nil {
								t.Errorf("%s: %v", name, err)
							}
						})
					}
					world.AtOnce(upserts...)
				}
				w.CheckVersions()
				if w.Check(); t.Failed() {
					t.Fatalf("after upserts %s", name)
				}
			}
			w.WantDifferences()
		}
	})
}
