package timakgorm

// closeRows closes rows, to be deferred. What had failed before stays the error
// as it is: inside of another, drivers and GORM's translation would not know it.
func closeRows(found *rows, err *error) { *err = firstOf(*err, found.Close()) }

// firstOf returns the first error that is one, as it is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
