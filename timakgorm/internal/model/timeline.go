package model

// Timeline marks a model as tracked; timakgorm.Timeline says how.
type Timeline struct{}

// Subscription marks a model as one that subscribes; timakgorm.Subscription says how.
type Subscription struct{}
