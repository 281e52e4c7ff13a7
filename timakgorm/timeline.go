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

// Subscription marks a model whose rows subscribe timelines to an audience. A field of
// this type, named _, carries one subscription in its tag:
//
//	type Follow struct {
//		FollowerID uint `gorm:"primaryKey"`
//		AuthorID   uint `gorm:"primaryKey"`
//		CreatedAt  time.Time
//
//		_ timakgorm.Subscription `timak:"audience=followers; key=user:{FollowerID}:home; source=author:{AuthorID}"`
//	}
//
// As long as the row is there, and its when= true, the timeline of its key has what is
// published in the audience with its source:
//
//	type Post struct {
//		…
//		_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}; when=Published; data=Title"`
//	}
//
// The options are audience, key and source, which are required, when and max, as
// in Rule.
type Subscription = model.Subscription
