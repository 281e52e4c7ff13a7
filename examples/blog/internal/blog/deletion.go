package blog

import (
	"context"

	"gorm.io/gorm"
)

// DeleteAccount deletes a user and all that hangs on the account: sessions, posts and the
// comments under them, comments under others' posts, and follows in both directions. It
// returns an *InvalidError for a wrong password, or ErrSession if the account is gone
// already.
func (b *Blog) DeleteAccount(ctx context.Context, user User, password string) error {
	if !user.hasPassword(password) {
		return &InvalidError{"password", "is not that of your account"}
	}
	return b.write(ctx, func(tx *gorm.DB) error {
		if err := lockDeletions(tx); err != nil {
			return err
		}
		// From here on nobody adds a row that hangs on the account: to add one, they lock
		// the user, or the post.
		if err := lockUser(tx, exclusive, user.ID, ErrSession); err != nil {
			return err
		}
		return deleteUser(tx, user.ID)
	})
}

func deleteUser(tx *gorm.DB, user uint) error {
	for _, step := range []func() error{
		func() error { return deletePosts(tx, user) },
		func() error { return deleteComments(tx, "author_id = ?", user) },
		func() error { return deleteFollows(tx, "follower_id = ?", user) },
		func() error { return deleteFollows(tx, "author_id = ?", user) },
		func() error { return tx.Where("user_id = ?", user).Delete(&Session{}).Error },
		func() error { return tx.Delete(&User{}, user).Error },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// deletePosts deletes an author's posts for good, those that were deleted before and drafts
// too, and the comments under them.
func deletePosts(tx *gorm.DB, author uint) error {
	return inBatches(tx, "id", "author_id = ?", author, func(posts []Post) error {
		ids := make([]uint, len(posts))
		for i, post := range posts {
			ids[i] = post.ID
		}
		if err := deleteComments(tx, "post_id IN ?", ids); err != nil {
			return err
		}
		return tx.Unscoped().Delete(&posts).Error
	})
}

// deleteComments deletes the comments that fulfil a condition.
func deleteComments(tx *gorm.DB, where string, arg any) error {
	return inBatches(tx, "id", where, arg, func(comments []Comment) error { return tx.Delete(&comments).Error })
}

// deleteFollows deletes the follows that fulfil a condition.
func deleteFollows(tx *gorm.DB, where string, arg any) error {
	return inBatches(tx, "follower_id, author_id", where, arg, func(follows []Follow) error { return tx.Delete(&follows).Error })
}

// deleteBatch is how many rows a statement deletes, so that one with many rows neither
// fills the memory nor has too many parameters.
const deleteBatch = 100

// inBatches locks the rows that fulfil a condition, in the order of their key and a few at a
// time, and hands them to remove, with nothing but their key, until none is left.
func inBatches[M any](tx *gorm.DB, key, where string, arg any, remove func([]M) error) error {
	for {
		var rows []M
		err := tx.Unscoped().Clauses(exclusive).Select(key).Where(where, arg).Order(key).Limit(deleteBatch).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := remove(rows); err != nil {
			return err
		}
	}
}
