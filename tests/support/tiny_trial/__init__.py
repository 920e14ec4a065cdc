"""The smallest trial there can be: two criteria and a verdict. It shows that a folder is all a trial needs."""
