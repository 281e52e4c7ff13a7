package blog

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Follow makes a user follow an author, by name. To follow again changes nothing. It
// returns ErrNotFound, or an *InvalidError for the user's own name.
func (b *Blog) Follow(ctx context.Context, user User, name string) error {
	author, err := b.User(ctx, name)
	if err != nil {
		return err
	}
	if author.ID == user.ID {
		return &InvalidError{"name", "is your own: your home has your posts already"}
	}
	return b.writeAs(ctx, user, func(tx *gorm.DB) error {
		if err := lockUser(tx, share, author.ID, ErrNotFound); err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&Follow{FollowerID: user.ID, AuthorID: author.ID}).Error
	})
}

// Unfollow makes a user follow an author no longer, by name. It returns ErrNotFound if
// there is no such author.
func (b *Blog) Unfollow(ctx context.Context, user User, name string) error {
	author, err := b.User(ctx, name)
	if err != nil {
		return err
	}
	return b.write(ctx, func(tx *gorm.DB) error {
		return tx.Delete(&Follow{FollowerID: user.ID, AuthorID: author.ID}).Error
	})
}

// Follows reports whether a user follows an author.
func (b *Blog) Follows(ctx context.Context, user, author User) (bool, error) {
	var n int64
	err := b.db.WithContext(ctx).Model(&Follow{}).Where("follower_id = ? AND author_id = ?", user.ID, author.ID).Count(&n).Error
	return n > 0, err
}
