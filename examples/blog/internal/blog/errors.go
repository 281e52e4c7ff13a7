package blog

import "errors"

var (
	// ErrNotFound is returned for what is not there, or not for the viewer.
	ErrNotFound = errors.New("not found")

	// ErrForbidden is returned when somebody changes what another has written.
	ErrForbidden = errors.New("only its author may do this")

	// ErrNameTaken is returned by SignUp for a name that differs from another
	// user's in case at most.
	ErrNameTaken = errors.New("this name is taken")

	// ErrLogin is returned by LogIn, whichever of the two was wrong.
	ErrLogin = errors.New("wrong name or password")

	// ErrSession is returned by Viewer for a token that lets nobody in.
	ErrSession = errors.New("log in first")

	// ErrDatabase is returned by Ready when the database does not answer.
	ErrDatabase = errors.New("the database does not answer")

	// ErrStore is returned by Ready when timelines cannot be read.
	ErrStore = errors.New("the timelines cannot be read")
)

// InvalidError is returned for a field that a user must correct. Its text is
// written for that user.
type InvalidError struct {
	Field   string
	Problem string
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Problem }
