package blog

import (
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Locks on rows, held until the transaction ends. On SQLite they are left out: a
// transaction has the database to itself. To keep transactions from waiting for each other
// in a circle, all lock users first, then posts, and then the rest.
var (
	share     = clause.Locking{Strength: clause.LockingStrengthShare}  // the row is not deleted meanwhile
	exclusive = clause.Locking{Strength: clause.LockingStrengthUpdate} // nor locked by others
)

// lockUser locks a user, or returns the error gone if the account was deleted.
func lockUser(tx *gorm.DB, lock clause.Locking, user uint, gone error) error {
	err := tx.Clauses(lock).Select("id").Take(&User{}, user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return gone
	}
	return err
}

// lockDeletions lets one account be deleted at a time. Two users who have commented on each
// other's posts would otherwise delete each other's rows, and wait for each other.
func lockDeletions(tx *gorm.DB) error {
	if tx.Name() != "postgres" {
		return nil
	}
	const number = 0x626c6f67 // "blog"
	return tx.Exec("SELECT pg_advisory_xact_lock(?)", number).Error
}
