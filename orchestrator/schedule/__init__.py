"""Who does what, when and where: tasks on slots of nodes, decided by one thread; on a real or on a virtual clock."""
