package endtoend_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var associations = theme{name: "association", always: true, operations: []world.Operation{
	{Name: "append to an association", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 2}).Association("Posts").Append(&world.Post{Title: "appended", Published: true})
	}},
	{Name: "append a post of another author", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 2}).Association("Posts").Append(&world.Post{ID: 10})
	}},
	{Name: "replace an association", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 2}).Association("Posts").Replace(&world.Post{ID: 10})
	}},
	{Name: "clear an association", Run: func(db *gorm.DB) error { return db.Model(&world.Author{ID: 1}).Association("Posts").Clear() }},
	{Name: "replace an association by new posts", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 1}).Association("Posts").Replace(&[]world.Post{{Title: "r1", Published: true}, {Title: "r2", Published: true}})
	}},
	{Name: "replace an association for good", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 1}).Association("Posts").Unscoped().Replace(&world.Post{ID: 11})
	}},
	{Name: "clear an association for good", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 1}).Association("Posts").Unscoped().Clear()
	}},
	{Name: "delete from an association", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 1}).Association("Posts").Delete(&world.Post{ID: 10}, &world.Post{ID: 11})
	}},
	{Name: "delete from an association for good", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 1}).Association("Posts").Unscoped().Delete(&world.Post{ID: 10})
	}},
	{Name: "append to the associations of two authors", Run: func(db *gorm.DB) error {
		authors := []world.Author{{ID: 1}, {ID: 2}}
		return db.Model(&authors).Association("Posts").Append(&world.Post{Title: "a1", Published: true}, &world.Post{ID: 10})
	}},
	{Name: "clear the associations of two authors", Run: func(db *gorm.DB) error {
		authors := []world.Author{{ID: 1}, {ID: 2}}
		return db.Model(&authors).Association("Posts").Clear()
	}},
	{Name: "create with a new post that it belongs to", Run: func(db *gorm.DB) error {
		return db.Create(&world.Remark{Text: "n", CreatedAt: world.At(9), Post: &world.Post{AuthorID: 1, Title: "new", Published: true}}).Error
	}},
	{Name: "create with a post that is there already", Run: func(db *gorm.DB) error {
		return db.Create(&world.Remark{Text: "n", CreatedAt: world.At(9), Post: &world.Post{ID: 10, AuthorID: 2, Title: "not written"}}).Error
	}},
	{Name: "create several that belong to one new post", Run: func(db *gorm.DB) error {
		post := &world.Post{AuthorID: 1, Title: "shared", Published: true}
		return db.Create(&[]world.Remark{{Text: "n", CreatedAt: world.At(8), Post: post}, {Text: "m", CreatedAt: world.At(9), Post: post}}).Error
	}},
	{Name: "create with all of a post that is there already", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{FullSaveAssociations: true}).
			Create(&world.Remark{Text: "n", CreatedAt: world.At(9), Post: &world.Post{ID: 10, AuthorID: 2, Title: "written", Published: true, CreatedAt: world.At(9)}}).Error
	}},
	{Name: "create without what it belongs to", Run: func(db *gorm.DB) error {
		return db.Omit(clause.Associations).Create(&world.Remark{PostID: 10, Text: "n", CreatedAt: world.At(9), Post: &world.Post{AuthorID: 1, Published: true}}).Error
	}},
	{Name: "append what it belongs to", Run: func(db *gorm.DB) error {
		return db.Model(&File{ID: 11}).Association("Drawer").Append(&Drawer{Name: "new"})
	}},
	{Name: "replace what it belongs to", Run: func(db *gorm.DB) error {
		return db.Model(&File{ID: 10}).Association("Drawer").Replace(&Drawer{ID: 2})
	}},
	{Name: "replace what two belong to", Run: func(db *gorm.DB) error {
		files := []File{{ID: 10}, {ID: 12}}
		return db.Model(&files).Association("Drawer").Replace(&Drawer{ID: 2}, &Drawer{ID: 1})
	}},
	{Name: "clear what it belongs to", Run: func(db *gorm.DB) error { return db.Model(&File{ID: 10}).Association("Drawer").Clear() }},
	{Name: "delete what it belongs to from the association", Run: func(db *gorm.DB) error {
		return db.Model(&File{ID: 10}).Association("Drawer").Delete(&Drawer{ID: 1})
	}},
	{Name: "create a cat with toys", Run: func(db *gorm.DB) error {
		return db.Create(&Cat{Toys: []Toy{{Name: "n1"}, {ID: 12, Name: "not written"}}}).Error
	}},
	{Name: "append toys of a dog to a cat", Run: func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 2}).Association("Toys").Append(&Toy{Name: "n1"}, &Toy{ID: 12, Name: "bone"})
	}},
	{Name: "replace a cat's toys", Run: func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 1}).Association("Toys").Replace(&Toy{ID: 12, Name: "bone"}, &Toy{ID: 11})
	}},
	{Name: "clear a cat's toys", Run: func(db *gorm.DB) error { return db.Model(&Cat{ID: 1}).Association("Toys").Clear() }},
	{Name: "delete a cat's toy from the association", Run: func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 1}).Association("Toys").Delete(&Toy{ID: 10})
	}},
	{Name: "delete a cat with its toys", Run: func(db *gorm.DB) error { return db.Select("Toys").Delete(&Cat{ID: 1}).Error }},
	{Name: "replace a dog's only toy", Run: func(db *gorm.DB) error {
		return db.Model(&Dog{ID: 1}).Association("Toy").Replace(&Toy{Name: "stick"})
	}},
	{Name: "clear a dog's only toy", Run: func(db *gorm.DB) error { return db.Model(&Dog{ID: 1}).Association("Toy").Clear() }},
	{Name: "create a dog with a toy", Run: func(db *gorm.DB) error { return db.Create(&Dog{Toy: &Toy{Name: "stick"}}).Error }},
}}

var joinTables = theme{name: "join table", operations: []world.Operation{
	{Name: "append to a join table", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 2}).Association("Students").Append(&Student{ID: 2}, &Student{Name: "new"})
	}},
	{Name: "append what is there already", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Append(&Student{ID: 1}, &Student{ID: 3})
	}},
	{Name: "replace in a join table", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Replace(&Student{ID: 3}, &Student{ID: 1})
	}},
	{Name: "delete from a join table", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Delete(&Student{ID: 1}, &Student{ID: 2})
	}},
	{Name: "clear a join table", Run: func(db *gorm.DB) error { return db.Model(&Course{ID: 1}).Association("Students").Clear() }},
	{Name: "clear a join table of two", Run: func(db *gorm.DB) error {
		courses := []Course{{ID: 1}, {ID: 2}}
		return db.Model(&courses).Association("Students").Clear()
	}},
	{Name: "create with students", Run: func(db *gorm.DB) error {
		return db.Create(&Course{Name: "new", Students: []Student{{ID: 1}, {Name: "new"}}}).Error
	}},
	{Name: "save with students", Run: func(db *gorm.DB) error {
		return db.Save(&Course{ID: 2, Name: "sql", Students: []Student{{ID: 1}, {ID: 3}}}).Error
	}},
	{Name: "delete a course with its students", Run: func(db *gorm.DB) error { return db.Select("Students").Delete(&Course{ID: 1}).Error }},
	{Name: "create a row of a join table", Run: func(db *gorm.DB) error {
		return db.Create(&Enrolment{CourseID: 2, StudentID: 3, CreatedAt: world.At(9)}).Error
	}},
	{Name: "delete rows of a join table", Run: func(db *gorm.DB) error { return db.Where("student_id = 1").Delete(&Enrolment{}).Error }},
	{Name: "append to a join table without a model", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 2}).Association("Topics").Append(&Topic{ID: 1}, &Topic{Name: "new"})
	}},
	{Name: "append what is there already, without a model", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Append(&Topic{ID: 1}, &Topic{ID: 2})
	}},
	{Name: "replace in a join table without a model", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Replace(&Topic{ID: 2})
	}},
	{Name: "delete from a join table without a model", Run: func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Delete(&Topic{ID: 1})
	}},
	{Name: "clear a join table without a model", Run: func(db *gorm.DB) error { return db.Model(&Course{ID: 1}).Association("Topics").Clear() }},
	{Name: "create with topics", Run: func(db *gorm.DB) error {
		return db.Create(&Course{Name: "new", Topics: []Topic{{ID: 1}, {Name: "new"}}}).Error
	}},
	{Name: "delete a course with its topics", Run: func(db *gorm.DB) error {
		return db.Select(clause.Associations).Delete(&Course{ID: 1}).Error
	}},
	{Name: "delete a course with its topics, given whole", Run: func(db *gorm.DB) error {
		var course Course
		return world.FirstError(db.Preload(clause.Associations).First(&course, 1).Error, func() error {
			return db.Select(clause.Associations).Delete(&course).Error
		})
	}},
}}
