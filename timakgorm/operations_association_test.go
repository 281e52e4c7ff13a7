package timakgorm_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

var associations = theme{name: "association", always: true, operations: []operation{
	{"append to an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{Title: "appended", Published: true})
	}},
	{"append a post of another author", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{ID: 10})
	}},
	{"replace an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Replace(&Post{ID: 10})
	}},
	{"clear an association", func(db *gorm.DB) error { return db.Model(&Author{ID: 1}).Association("Posts").Clear() }},
	{"replace an association by new posts", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 1}).Association("Posts").Replace(&[]Post{{Title: "r1", Published: true}, {Title: "r2", Published: true}})
	}},
	{"replace an association for good", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 1}).Association("Posts").Unscoped().Replace(&Post{ID: 11})
	}},
	{"clear an association for good", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 1}).Association("Posts").Unscoped().Clear()
	}},
	{"delete from an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 1}).Association("Posts").Delete(&Post{ID: 10}, &Post{ID: 11})
	}},
	{"delete from an association for good", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 1}).Association("Posts").Unscoped().Delete(&Post{ID: 10})
	}},
	{"append to the associations of two authors", func(db *gorm.DB) error {
		authors := []Author{{ID: 1}, {ID: 2}}
		return db.Model(&authors).Association("Posts").Append(&Post{Title: "a1", Published: true}, &Post{ID: 10})
	}},
	{"clear the associations of two authors", func(db *gorm.DB) error {
		authors := []Author{{ID: 1}, {ID: 2}}
		return db.Model(&authors).Association("Posts").Clear()
	}},
	{"create with a new post that it belongs to", func(db *gorm.DB) error {
		return db.Create(&Remark{Text: "n", CreatedAt: at(9), Post: &Post{AuthorID: 1, Title: "new", Published: true}}).Error
	}},
	{"create with a post that is there already", func(db *gorm.DB) error {
		return db.Create(&Remark{Text: "n", CreatedAt: at(9), Post: &Post{ID: 10, AuthorID: 2, Title: "not written"}}).Error
	}},
	{"create several that belong to one new post", func(db *gorm.DB) error {
		post := &Post{AuthorID: 1, Title: "shared", Published: true}
		return db.Create(&[]Remark{{Text: "n", CreatedAt: at(8), Post: post}, {Text: "m", CreatedAt: at(9), Post: post}}).Error
	}},
	{"create with all of a post that is there already", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{FullSaveAssociations: true}).
			Create(&Remark{Text: "n", CreatedAt: at(9), Post: &Post{ID: 10, AuthorID: 2, Title: "written", Published: true, CreatedAt: at(9)}}).Error
	}},
	{"create without what it belongs to", func(db *gorm.DB) error {
		return db.Omit(clause.Associations).Create(&Remark{PostID: 10, Text: "n", CreatedAt: at(9), Post: &Post{AuthorID: 1, Published: true}}).Error
	}},
	{"append what it belongs to", func(db *gorm.DB) error {
		return db.Model(&File{ID: 11}).Association("Drawer").Append(&Drawer{Name: "new"})
	}},
	{"replace what it belongs to", func(db *gorm.DB) error {
		return db.Model(&File{ID: 10}).Association("Drawer").Replace(&Drawer{ID: 2})
	}},
	{"replace what two belong to", func(db *gorm.DB) error {
		files := []File{{ID: 10}, {ID: 12}}
		return db.Model(&files).Association("Drawer").Replace(&Drawer{ID: 2}, &Drawer{ID: 1})
	}},
	{"clear what it belongs to", func(db *gorm.DB) error { return db.Model(&File{ID: 10}).Association("Drawer").Clear() }},
	{"delete what it belongs to from the association", func(db *gorm.DB) error {
		return db.Model(&File{ID: 10}).Association("Drawer").Delete(&Drawer{ID: 1})
	}},
	{"create a cat with toys", func(db *gorm.DB) error {
		return db.Create(&Cat{Toys: []Toy{{Name: "n1"}, {ID: 12, Name: "not written"}}}).Error
	}},
	{"append toys of a dog to a cat", func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 2}).Association("Toys").Append(&Toy{Name: "n1"}, &Toy{ID: 12, Name: "bone"})
	}},
	{"replace a cat's toys", func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 1}).Association("Toys").Replace(&Toy{ID: 12, Name: "bone"}, &Toy{ID: 11})
	}},
	{"clear a cat's toys", func(db *gorm.DB) error { return db.Model(&Cat{ID: 1}).Association("Toys").Clear() }},
	{"delete a cat's toy from the association", func(db *gorm.DB) error {
		return db.Model(&Cat{ID: 1}).Association("Toys").Delete(&Toy{ID: 10})
	}},
	{"delete a cat with its toys", func(db *gorm.DB) error { return db.Select("Toys").Delete(&Cat{ID: 1}).Error }},
	{"replace a dog's only toy", func(db *gorm.DB) error {
		return db.Model(&Dog{ID: 1}).Association("Toy").Replace(&Toy{Name: "stick"})
	}},
	{"clear a dog's only toy", func(db *gorm.DB) error { return db.Model(&Dog{ID: 1}).Association("Toy").Clear() }},
	{"create a dog with a toy", func(db *gorm.DB) error { return db.Create(&Dog{Toy: &Toy{Name: "stick"}}).Error }},
}}

var joinTables = theme{name: "join table", operations: []operation{
	{"append to a join table", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 2}).Association("Students").Append(&Student{ID: 2}, &Student{Name: "new"})
	}},
	{"append what is there already", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Append(&Student{ID: 1}, &Student{ID: 3})
	}},
	{"replace in a join table", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Replace(&Student{ID: 3}, &Student{ID: 1})
	}},
	{"delete from a join table", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Students").Delete(&Student{ID: 1}, &Student{ID: 2})
	}},
	{"clear a join table", func(db *gorm.DB) error { return db.Model(&Course{ID: 1}).Association("Students").Clear() }},
	{"clear a join table of two", func(db *gorm.DB) error {
		courses := []Course{{ID: 1}, {ID: 2}}
		return db.Model(&courses).Association("Students").Clear()
	}},
	{"create with students", func(db *gorm.DB) error {
		return db.Create(&Course{Name: "new", Students: []Student{{ID: 1}, {Name: "new"}}}).Error
	}},
	{"save with students", func(db *gorm.DB) error {
		return db.Save(&Course{ID: 2, Name: "sql", Students: []Student{{ID: 1}, {ID: 3}}}).Error
	}},
	{"delete a course with its students", func(db *gorm.DB) error { return db.Select("Students").Delete(&Course{ID: 1}).Error }},
	{"create a row of a join table", func(db *gorm.DB) error {
		return db.Create(&Enrolment{CourseID: 2, StudentID: 3, CreatedAt: at(9)}).Error
	}},
	{"delete rows of a join table", func(db *gorm.DB) error { return db.Where("student_id = 1").Delete(&Enrolment{}).Error }},
	{"append to a join table without a model", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 2}).Association("Topics").Append(&Topic{ID: 1}, &Topic{Name: "new"})
	}},
	{"append what is there already, without a model", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Append(&Topic{ID: 1}, &Topic{ID: 2})
	}},
	{"replace in a join table without a model", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Replace(&Topic{ID: 2})
	}},
	{"delete from a join table without a model", func(db *gorm.DB) error {
		return db.Model(&Course{ID: 1}).Association("Topics").Delete(&Topic{ID: 1})
	}},
	{"clear a join table without a model", func(db *gorm.DB) error { return db.Model(&Course{ID: 1}).Association("Topics").Clear() }},
	{"create with topics", func(db *gorm.DB) error {
		return db.Create(&Course{Name: "new", Topics: []Topic{{ID: 1}, {Name: "new"}}}).Error
	}},
	{"delete a course with its topics", func(db *gorm.DB) error {
		return db.Select(clause.Associations).Delete(&Course{ID: 1}).Error
	}},
	{"delete a course with its topics, given whole", func(db *gorm.DB) error {
		var course Course
		return firstError(db.Preload(clause.Associations).First(&course, 1).Error, func() error {
			return db.Select(clause.Associations).Delete(&course).Error
		})
	}},
}}
