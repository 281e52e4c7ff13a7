package model

// Timeline marks a model as tracked; timakgorm.Timeline says how.
type Timeline struct{}
