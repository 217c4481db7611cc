"""Assets, job, schedule, sensor and resources of Kerncijfers, one file for each folder they drive."""
