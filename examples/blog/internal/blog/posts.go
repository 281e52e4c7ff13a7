package blog

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// PostEdit is a change of a post. Nil fields stay as they are.
type PostEdit struct {
	Title *string
	Body  *string
	Draft *bool

	// Publish is called before a change that readers will see; an error of it prevents the
	// change, and is returned. Nil permits all.
	Publish func() error
}

// Write creates a post. It returns an *InvalidError for a bad title or body.
func (b *Blog) Write(ctx context.Context, author User, titleText, bodyText string, draft bool) (Post, error) {
	now := b.now()
	post := Post{AuthorID: author.ID, AuthorName: author.Name, Draft: true, CreatedAt: now}
	if err := post.edit(PostEdit{Title: &titleText, Body: &bodyText, Draft: &draft}, now); err != nil {
		return Post{}, err
	}
	err := b.writeAs(ctx, author, func(tx *gorm.DB) error { return tx.Create(&post).Error })
	return post, err
}

// Edit changes a post. It returns ErrNotFound, also for another author's draft,
// ErrForbidden if author did not write it, or an *InvalidError.
func (b *Blog) Edit(ctx context.Context, author User, id uint, edit PostEdit) (Post, error) {
	var post Post
	err := b.write(ctx, func(tx *gorm.DB) (err error) {
		if post, err = ownPost(tx, author, id); err != nil {
			return err
		}
		before := post
		if err := post.edit(edit, b.now()); err != nil {
			return err
		}
		if edit.Publish != nil && post.showsMore(before) {
			if err := edit.Publish(); err != nil {
				return err
			}
		}
		return tx.Select("Title", "Body", "Excerpt", "Draft", "UpdatedAt", "PublishedAt", "EditedAt").Updates(&post).Error
	})
	return post, err
}

// DeletePost deletes a post and its comments. It returns the errors of Edit.
func (b *Blog) DeletePost(ctx context.Context, author User, id uint) error {
	return b.write(ctx, func(tx *gorm.DB) error {
		post, err := ownPost(tx, author, id)
		if err != nil {
			return err
		}
		if err := deleteComments(tx, "post_id = ?", post.ID); err != nil {
			return err
		}
		return tx.Delete(&post).Error
	})
}

// Post returns a post, or ErrNotFound, also for another author's draft. A nil
// viewer is not logged in.
func (b *Blog) Post(ctx context.Context, viewer *User, id uint) (Post, error) {
	return visiblePost(b.db.WithContext(ctx), viewer, id)
}

// edit applies e, if it is valid.
func (p *Post) edit(e PostEdit, now time.Time) (err error) {
	before := *p
	if e.Title != nil {
		if p.Title, err = title(*e.Title); err != nil {
			return err
		}
	}
	if e.Body != nil {
		if p.Body, err = body(*e.Body); err != nil {
			return err
		}
	}
	if e.Draft != nil {
		p.Draft = *e.Draft
	}
	p.Excerpt = excerpt(p.Body)
	if p.PublishedAt != nil && (p.Title != before.Title || p.Body != before.Body) {
		p.EditedAt = &now
	}
	if !p.Draft && p.PublishedAt == nil {
		p.PublishedAt = &now
	}
	return nil
}

// showsMore reports whether readers see something of the post that they did not see before.
func (p *Post) showsMore(before Post) bool {
	return !p.Draft && (before.Draft || p.Title != before.Title || p.Body != before.Body)
}

// now returns the time as the database keeps it.
func (b *Blog) now() time.Time { return b.db.NowFunc().UTC().Truncate(time.Microsecond) }

// ownPost returns one of author's posts, locked until the transaction ends.
func ownPost(tx *gorm.DB, author User, id uint) (Post, error) {
	var post Post
	err := tx.Clauses(exclusive).Take(&post, id).Error
	if err == nil && post.AuthorID != author.ID {
		err = ErrForbidden
		if post.Draft {
			err = ErrNotFound
		}
	}
	return post, one(err)
}

// visiblePost returns a post that viewer may see.
func visiblePost(db *gorm.DB, viewer *User, id uint) (Post, error) {
	var post Post
	err := db.Take(&post, id).Error
	if err == nil && post.Draft && (viewer == nil || viewer.ID != post.AuthorID) {
		err = ErrNotFound
	}
	return post, one(err)
}
