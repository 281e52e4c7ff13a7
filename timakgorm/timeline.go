package timakgorm

import "github.com/timak-go/timak/timakgorm/internal/model"

// Timeline marks a model as tracked. A field of this type, named _, carries
// one rule in its tag; a model may have several:
//
//	type Post struct {
//		ID        uint
//		AuthorID  uint
//		Title     string
//		Published bool
//		CreatedAt time.Time
//
//		_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
//		_ timakgorm.Timeline `timak:"key=site:posts; when=Published; max=500"`
//	}
//
// The options in the tag are the fields of Rule, in lower case.
type Timeline = model.Timeline
