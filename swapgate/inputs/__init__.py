"""What a model is given: texts, questions, sounds and pictures, and files of them that are named by address and
checksum.
"""
