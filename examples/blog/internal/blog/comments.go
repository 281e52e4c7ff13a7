package blog

import (
	"context"

	"gorm.io/gorm"
)

// Comment adds a comment to a post. It returns ErrNotFound for a post that author
// cannot see, or an *InvalidError.
func (b *Blog) Comment(ctx context.Context, author User, postID uint, text string) (Comment, error) {
	text, err := comment(text)
	if err != nil {
		return Comment{}, err
	}
	c := Comment{PostID: postID, AuthorID: author.ID, AuthorName: author.Name, Body: text}
	err = b.writeAs(ctx, author, func(tx *gorm.DB) error {
		// The lock keeps the post from being deleted while the comment is added.
		locked := tx.Clauses(share)
		if _, err := visiblePost(locked, &author, postID); err != nil {
			return err
		}
		return tx.Create(&c).Error
	})
	return c, err
}

// DeleteComment removes a comment and returns it. It returns ErrNotFound, also for another's
// under a post that author cannot see, or ErrForbidden if author did not write it.
func (b *Blog) DeleteComment(ctx context.Context, author User, id uint) (Comment, error) {
	var c Comment
	err := b.write(ctx, func(tx *gorm.DB) error {
		if err := tx.Take(&c, id).Error; err != nil {
			return one(err)
		}
		if c.AuthorID != author.ID {
			if _, err := visiblePost(tx, &author, c.PostID); err != nil {
				return err
			}
			return ErrForbidden
		}
		return tx.Delete(&c).Error
	})
	return c, err
}
