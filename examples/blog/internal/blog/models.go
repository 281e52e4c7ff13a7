package blog

import (
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// User is an account. Its ID is never used again, not even on SQLite: sessions, keys of
// timelines and marks of what was seen go by it, and may outlive a deleted account.
type User struct {
	ID           uint   `gorm:"primaryKey;autoIncrement"`
	Name         string `gorm:"size:32;not null"`
	NameKey      string `gorm:"size:32;not null;uniqueIndex"` // Name in lower case, as names are unique regardless of case
	PasswordHash string `gorm:"not null"`
	About        string // what the user says about itself
	CreatedAt    time.Time
}

// Session lets the holder of its token act as a user. Only a hash of the token is
// stored, so a stolen copy of the database cannot be used to log in.
type Session struct {
	TokenHash string `gorm:"primaryKey;size:64"`
	UserID    uint   `gorm:"not null;index"`
	ExpiresAt int64  `gorm:"not null;index"` // seconds since 1970
	Network   string `gorm:"size:64"`        // where it began: an address, or a network of IPv6; empty if unknown
}

// Post is a text by an author. A draft is on no timeline. What was published once keeps its
// place on the timelines, whatever it was meanwhile.
type Post struct {
	ID          uint   `gorm:"index:posts_author_published,priority:3;index:posts_published,priority:2"`
	AuthorID    uint   `gorm:"not null;index;index:posts_author_published,priority:1"`
	AuthorName  string `gorm:"size:32;not null"`
	Title       string `gorm:"not null"`
	Body        string `gorm:"not null"`
	Excerpt     string // the beginning of Body, for lists
	Draft       bool   `gorm:"not null"`
	CreatedAt   time.Time
	UpdatedAt   time.Time
	PublishedAt *time.Time     `gorm:"index:posts_author_published,priority:2;index:posts_published,priority:1"` // the first time; nil if never
	EditedAt    *time.Time     // when title or body were last changed after that; nil if never
	DeletedAt   gorm.DeletedAt `gorm:"index"`

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; date=PublishedAt; when=!Draft; data=Title,AuthorName"`
	_ timakgorm.Timeline `timak:"key=site:posts; date=PublishedAt; when=!Draft; data=Title,AuthorName"`
	_ timakgorm.Timeline `timak:"key=user:{AuthorID}:home; source=own; date=PublishedAt; when=!Draft; data=Title,AuthorName"`
	_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}; date=PublishedAt; when=!Draft; data=Title,AuthorName"`
}

// Follow says that a user follows an author. The user's home has the author's posts.
type Follow struct {
	FollowerID uint      `gorm:"primaryKey;autoIncrement:false;index:follows_following,priority:1;index:follows_followers,priority:3"`
	AuthorID   uint      `gorm:"primaryKey;autoIncrement:false;index:follows_followers,priority:1;index:follows_following,priority:3"`
	CreatedAt  time.Time `gorm:"index:follows_following,priority:2;index:follows_followers,priority:2"`

	_ timakgorm.Subscription `timak:"audience=followers; key=user:{FollowerID}:home; source=author:{AuthorID}"`
}

// Comment is a reader's text under a post.
type Comment struct {
	ID         uint
	PostID     uint   `gorm:"not null;index"`
	AuthorID   uint   `gorm:"not null;index"`
	AuthorName string `gorm:"size:32;not null"`
	Body       string `gorm:"not null"`
	CreatedAt  time.Time

	_ timakgorm.Timeline `timak:"key=post:{PostID}:comments; data=AuthorName,Body"`
}

// The keys of the models' rules.
const siteKey = "site:posts"

func authorKey(author uint) string { return timakgorm.Key("author:{}:posts", author) }
func homeKey(user uint) string     { return timakgorm.Key("user:{}:home", user) }
func commentsKey(post uint) string { return timakgorm.Key("post:{}:comments", post) }
