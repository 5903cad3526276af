"""What the window does only to be fast, and what each of these gains.

All were measured on two cores of a virtual machine, with the offscreen platform and ResNet-50.

======================================  ==============================  ==========  ==========
what                                    measured                        without     with
======================================  ==============================  ==========  ==========
`garbage`: no collection at start       processor time of the start     0.33 s      0.29 s
`switching`: threads switch often       six nodes selected one after    1300 ms     270 ms
                                        another while a thread computes
`helper_process`: a second process      the same, in that process       270 ms      165 ms
`idle_imports`: imports wait            the same, while pyqtgraph and   300 ms      110 ms
                                        networkx are imported
editor built after the welcome page     start to a usable window        0.64 s      0.29 s
(`MainWindow.build_editor`)
style sheet set once, on the finished   processor time of the start     0.35 s      0.29 s
window (`Theme.choose`)
style as an argument of QApplication    processor time of the start     0.30 s      0.29 s
(`shell.application.run`)
======================================  ==============================  ==========  ==========

The six nodes take 110 ms where nothing else is done.
"""
