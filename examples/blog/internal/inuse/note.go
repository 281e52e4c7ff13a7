package inuse

import (
	"context"
	"crypto/rand"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/examples/blog/internal/storage"
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
