package blog

import (
	"context"
	"fmt"
	"time"

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
	PublishedAt *time.Time // nil if the post was never published
	EditedAt    *time.Time // nil if the post was not changed after that
	Comments    int        // up to MaxComments
}

// TableName is that of posts.
func (Summary) TableName() string { return "posts" }

// MaxComments is the most that Summary.Comments counts to.
const MaxComments = 1000

// summaryColumns are the columns of a Summary. Comments are counted as they are now, by
// their index: a count that is kept would be one more thing to keep right.
var summaryColumns = fmt.Sprintf(`id, author_name, title, excerpt, draft, created_at, published_at, edited_at,
	(SELECT count(*) FROM (SELECT 1 FROM comments WHERE comments.post_id = posts.id LIMIT %d) AS counted) AS comments`, MaxComments)

// Summaries returns the posts of a page in its order, as the tables have them now, by one
// query. A post that has just become a draft is left out, even while its timelines still
// hold it.
func (b *Blog) Summaries(ctx context.Context, page timak.Page) ([]Summary, error) {
	return timakgorm.Load[Summary](ctx, b.db.Select(summaryColumns).Where("NOT draft AND deleted_at IS NULL"), page)
}

// Posts is Summaries with the whole texts.
func (b *Blog) Posts(ctx context.Context, page timak.Page) ([]Post, error) {
	return timakgorm.Load[Post](ctx, b.db.Where("NOT draft"), page)
}

// excerptLength is how many characters of a post a list shows.
const excerptLength = 280

func excerpt(body string) string { return markdown.Excerpt(body, excerptLength) }
