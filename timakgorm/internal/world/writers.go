package world

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AtOnce calls functions at the same time, and returns when all have returned.
func AtOnce(do ...func()) {
	var wg sync.WaitGroup
	for _, do := range do {
		wg.Go(do)
	}
	wg.Wait()
}

// LogError logs an error that the test does not mind.
func LogError(t *testing.T, about string, err error) {
	if err != nil {
		t.Logf("%s: %v", about, err)
	}
}

// History is a writer that does what its random numbers say. What fails, fails:
// deadlocks, duplicate keys.
type History struct {
	*rand.Rand

	DB *gorm.DB
}

func (h *History) id() uint { return uint(10 + h.IntN(15)) }

// Author returns one of the authors.
func (h *History) Author() int { return h.IntN(5) }

// Transaction is one operation, or several in a transaction.
func (h *History) Transaction() {
	if h.IntN(3) == 0 {
		_ = h.Operation(h.DB)
		return
	}
	_ = h.DB.Transaction(func(tx *gorm.DB) error {
		for range 1 + h.IntN(4) {
			if err := h.step(tx); err != nil {
				return err
			}
		}
		if h.IntN(4) == 0 {
			return ErrRollback
		}
		return nil
	})
}

// step is an operation, or some in a savepoint.
func (h *History) step(tx *gorm.DB) error {
	if h.IntN(4) > 0 {
		return h.Operation(tx)
	}
	err := tx.Transaction(func(tx *gorm.DB) error {
		err := First(h.Operation(tx), h.Operation(tx))
		if err == nil && h.IntN(2) == 0 {
			err = ErrRollback
		}
		return err
	})
	if errors.Is(err, ErrRollback) {
		return nil
	}
	return err
}

// Operation does something to the posts.
func (h *History) Operation(db *gorm.DB) error {
	switch h.IntN(13) {
	case 0:
		return db.Create(&Post{AuthorID: uint(h.Author()), Title: "new", Published: h.IntN(3) > 0}).Error
	case 1:
		return db.Create(&[]Post{{ID: h.id(), AuthorID: 1, Published: true}, {ID: h.id(), AuthorID: 2, Published: true}}).Error
	case 2:
		return db.Model(&Post{ID: h.id()}).Update("author_id", h.Author()).Error
	case 3:
		return db.Model(&Post{}).Where("author_id = ?", h.Author()).Update("author_id", h.Author()).Error
	case 4:
		return db.Model(&Post{ID: h.id()}).Update("published", h.IntN(2) == 0).Error
	case 5:
		return db.Model(&Post{}).Where("id % 3 = ?", h.IntN(3)).Update("created_at", At(h.IntN(50))).Error
	case 6:
		return db.Delete(&Post{}, h.id()).Error
	case 7:
		return db.Where("author_id = ?", h.Author()).Delete(&Post{}).Error
	case 8:
		return db.Unscoped().Model(&Post{}).Where("id % 2 = ?", h.IntN(2)).Update("deleted_at", nil).Error
	case 9:
		return db.Unscoped().Delete(&Post{}, h.id()).Error
	case 10:
		return db.Model(&Post{ID: h.id()}).Update("title", fmt.Sprint("t", h.IntN(100))).Error
	case 11:
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: h.id(), AuthorID: 3, Published: true}).Error
	default:
		return db.Model(&Post{}).Where("id = ?", h.id()).Update("id", h.id()).Error
	}
}
