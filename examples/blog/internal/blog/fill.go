package blog

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// Rows are rows of a blog that were made elsewhere, as they are to be.
type Rows struct {
	Users    []User
	Follows  []Follow
	Posts    []Post
	Comments []Comment
}

// fillBatch is how many rows a statement inserts.
const fillBatch = 200

// Fill adds rows in one transaction, gives them their ids and, for posts, excerpts, and
// brings them to the timelines.
func (b *Blog) Fill(ctx context.Context, rows *Rows) error {
	for i := range rows.Posts {
		rows.Posts[i].Excerpt = excerpt(rows.Posts[i].Body)
	}
	err := b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, all := range []struct {
			rows any
			n    int
		}{
			{&rows.Users, len(rows.Users)},
			{&rows.Follows, len(rows.Follows)},
			{&rows.Posts, len(rows.Posts)},
			{&rows.Comments, len(rows.Comments)},
		} {
			if all.n == 0 {
				continue
			}
			if err := tx.CreateInBatches(all.rows, fillBatch).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.Drain(ctx)
}

// NewUser returns a user who is in no table yet, or an *InvalidError. Several users of one
// password may share its hash.
func NewUser(name, hash string) (User, error) {
	return User{Name: name, NameKey: strings.ToLower(name), PasswordHash: hash}, checkName(name)
}

// HashPassword returns what is stored of a password, or an *InvalidError.
func HashPassword(password string) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	return hashOf(password)
}
