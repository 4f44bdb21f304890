import type { Sentences } from '../../../shared/i18n.ts';

export const enrolFace = {
  title: '登记 {{name}}',
  lead: '服务器根据几张照片生成人脸模板。此操作需要已登记的同意。',
  back: '返回人员',
  source: '照片来源',
  camera: '本机摄像头',
  photo: '照片文件',
  files: '最多六张此人的照片',
  pictures: '已拍照片',
  picture: '照片 {{number}}',
  pose: {
    front: '请正视摄像头',
    left: '请将头略向左转',
    right: '请将头略向右转',
  },
  complete: '照片已拍完，现在可以登记人脸。',
  noCamera: '未找到摄像头，或浏览器无权使用。请改用照片文件。',
  again: '重新开始',
  save: '登记人脸',
  refused: '没有合格的照片，原因见各照片下方。',
  enrolled_other: '已登记：{{count}} 个模板。',
} satisfies Sentences;
