package inuse

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
)

// note is the only row of a table: what a database knows of its timelines.
type note struct {
	ID         uint         `gorm:"primaryKey;autoIncrement:false"` // 1
	Database   string       `gorm:"not null"`                       // a random name of this database
	Kind       storage.Kind `gorm:"not null"`                       // where the timelines are; empty: nobody has noted it yet
	Generation string       `gorm:"not null"`                       // a random name, new whenever they are moved
	Whole      bool         `gorm:"not null"`                       // false while they are being moved
}

// TableName is the name of the table.
func (note) TableName() string { return "blog_timelines" }

// createNote creates the table and its row, if they are not there.
func (u *Use) createNote(ctx context.Context) error {
	db := u.db.WithContext(ctx)
	if err := db.AutoMigrate(&note{}); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&note{ID: 1, Database: rand.Text()}).Error
	if err != nil {
		return fmt.Errorf("note where the timelines are: %w", err)
	}
	return nil
}

func readNote(db *gorm.DB) (n note, err error) {
	return n, db.Take(&n, 1).Error
}

func (u *Use) save(ctx context.Context, n note) error {
	if err := u.db.WithContext(ctx).Save(&n).Error; err != nil {
		return fmt.Errorf("note where the timelines are: %w", err)
	}
	return nil
}

// marksKey is the key of the timeline that holds the marks of a store. It is a timeline,
// so that a copy of the store has it, too. No rule makes this key.
const marksKey = "blog:database"

// marks are what a store says of itself.
type marks struct {
	now     bool // it holds the timelines of the database
	ever    bool // it holds them, or has held them once
	foreign bool // it holds those of another database
}

// mark leaves the mark of a note in the store.
func (u *Use) mark(ctx context.Context, n note) error {
	_, err := u.timelines.Add(ctx, marksKey, timak.Item{ID: n.mark(), At: time.Now()})
	if err != nil {
		return fmt.Errorf("mark the store of the timelines: %w", err)
	}
	return nil
}

// mark returns the id of the item that marks the store. A copy in a store of another kind
// is no such mark: nobody knows what has changed since it was made.
func (n note) mark() string { return fmt.Sprintf("%s:%s:%s", n.Database, n.Kind, n.Generation) }

// marks reads the marks of the store.
func (u *Use) marks(ctx context.Context, n note) (m marks, err error) {
	timeline, err := u.timelines.Get(ctx, marksKey)
	if err != nil {
		return m, fmt.Errorf("read the mark of the timelines: %w", err)
	}
	for _, id := range timeline.IDs() {
		ours := strings.HasPrefix(id, n.Database+":")
		m.now = m.now || id == n.mark()
		m.ever = m.ever || ours
		m.foreign = m.foreign || !ours
	}
	return m, nil
}
