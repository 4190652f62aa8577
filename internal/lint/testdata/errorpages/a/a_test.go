package a

var made = "STL-A998"
