package blog

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// Summary is a post as lists show it. It is read from the table of posts.
type Summary struct {
	ID          uint
	AuthorName  string
	Title       string
	Excerpt     string
	Draft       bool
	CreatedAt   time.Time
	UpdatedAt   time.Time  // when anything but Comments was last changed
	PublishedAt *time.Time // nil if the post was never published
	EditedAt    *time.Time // nil if the post was not changed after that
	Comments    int        // up to MaxComments
}

// TableName is that of posts.
func (Summary) TableName() string { return "posts" }

// MaxComments is the most that Summary.Comments counts to.
const MaxComments = 1000

// Stamp returns the state of the post.
func (s Summary) Stamp() Stamp {
	return Stamp{ID: s.ID, Updated: s.UpdatedAt.UnixMicro(), Comments: s.Comments}
}

// Stamp is the state of a post in lists: two summaries with one stamp are the same.
type Stamp struct {
	ID       uint
	Updated  int64 // Summary.UpdatedAt, in microseconds since 1970
	Comments int
}

// stampRow is what is read of a Stamp.
type stampRow struct {
	ID        uint
	UpdatedAt time.Time
	Comments  int
}

// TableName is that of posts.
func (stampRow) TableName() string { return "posts" }

// The columns of a stamp and of a Summary. Comments are counted as they are now, by their
// index: a count that is kept would be one more thing to keep right.
var (
	stampColumns = fmt.Sprintf(`id, updated_at,
	(SELECT count(*) FROM (SELECT 1 FROM comments WHERE comments.post_id = posts.id LIMIT %d) AS counted) AS comments`, MaxComments)
	summaryColumns = stampColumns + ", author_name, title, excerpt, draft, created_at, published_at, edited_at"
)

// Summaries returns the posts of a page in its order, as the tables have them now, by one
// query. A post that has just become a draft is left out, even while its timelines still
// hold it.
func (b *Blog) Summaries(ctx context.Context, page timak.Page) ([]Summary, error) {
	return timakgorm.Load[Summary](ctx, b.published().Select(summaryColumns), page)
}

// Stamps returns the stamps of Summaries, for less.
func (b *Blog) Stamps(ctx context.Context, page timak.Page) ([]Stamp, error) {
	rows, err := timakgorm.Load[stampRow](ctx, b.published().Select(stampColumns), page)
	stamps := make([]Stamp, len(rows))
	for i, row := range rows {
		stamps[i] = Stamp{ID: row.ID, Updated: row.UpdatedAt.UnixMicro(), Comments: row.Comments}
	}
	return stamps, err
}

// published selects the posts that are published now.
func (b *Blog) published() *gorm.DB { return b.db.Where("NOT draft AND deleted_at IS NULL") }

// Posts is Summaries with the whole texts.
func (b *Blog) Posts(ctx context.Context, page timak.Page) ([]Post, error) {
	return timakgorm.Load[Post](ctx, b.published(), page)
}

// excerptLength is how many characters of a post a list shows.
const excerptLength = 280

func excerpt(body string) string { return markdown.Excerpt(body, excerptLength) }
